import { useId } from 'react'

type Props = { model: string; set: (model: string) => void; known: string[]; required?: boolean }

/** Which model is to draft: any that LiteLLM speaks to; those that are known are offered. */
export function ModelInput({ model, set, known, required }: Props) {
  const id = useId()
  return (
    <>
      <label>
        Model
        <input
          className="box"
          list={id}
          required={required}
          value={model}
          placeholder="openai/gpt-4o-mini"
          onChange={(event) => set(event.target.value)}
        />
      </label>
      <datalist id={id}>
        {known.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  )
}
