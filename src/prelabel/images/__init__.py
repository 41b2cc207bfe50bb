"""Images: read safely (`reading`), brought from elsewhere (`fetching`), kept beside the data (`keeping`), put into rows (`intake`)."""
