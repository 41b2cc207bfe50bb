"""The two ways in which a run asks its models: call by call (`engine`), or by a provider's batch endpoint (`batch`)."""
