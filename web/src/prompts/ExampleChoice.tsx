import { useState, type FormEvent } from 'react'

type Props = { examples: string[]; shown: string; choose: (example: string) => void }

/** Which example the messages are for: any of the dataset by its id; those that a trial would take first are offered.
 *  `shown` is the one that they are for now. */
export function ExampleChoice({ examples, shown, choose }: Props) {
  const [typed, setTyped] = useState<string>()
  const take = (event?: FormEvent) => {
    event?.preventDefault()
    if (typed !== undefined) choose(typed.trim())
    setTyped(undefined)
  }
  const type = (text: string) => {
    if (!examples.includes(text)) return setTyped(text)
    choose(text)
    setTyped(undefined)
  }
  return (
    <form className="example" onSubmit={take}>
      <label>
        For the example
        <input
          className="box"
          list="first-examples"
          value={typed ?? shown}
          autoComplete="off"
          spellCheck={false}
          placeholder="Its id"
          onFocus={(event) => event.target.select()}
          onChange={(event) => type(event.target.value)}
          onBlur={() => take()}
        />
      </label>
      <datalist id="first-examples">
        {examples.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </form>
  )
}
