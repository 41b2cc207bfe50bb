import { Modal } from '@mantine/core'
import { memo, useState, type FormEvent } from 'react'

type Props = { about: 'skip' | 'flag' | null; close: () => void; say: (about: 'skip' | 'flag', why: string) => void }

/** Why an example is skipped or flagged. */
export const Ask = memo(function Ask({ about, close, say }: Props) {
  const [why, setWhy] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!about || (about === 'flag' && !why.trim())) return
    say(about, why.trim())
    setWhy('')
  }
  return (
    <Modal
      opened={about !== null}
      onClose={close}
      title={about === 'flag' ? 'What is wrong with this example?' : 'Why do you skip it?'}
      centered
      radius={18}
      transitionProps={{ duration: 0 }}
    >
      <form onSubmit={submit}>
        <textarea
          className="box"
          data-autofocus
          rows={3}
          value={why}
          dir="auto"
          aria-label="Why"
          placeholder={
            about === 'flag' ? 'The text is cut off, not in English, fits no label …' : 'For the next one who gets it'
          }
          onChange={(event) => setWhy(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) submit(event)
          }}
        />
        <div className="acts">
          <button className="btn" type="button" onClick={close}>
            Cancel
          </button>
          <button className="btn primary" type="submit">
            {about === 'flag' ? 'Flag' : 'Skip'}
          </button>
        </div>
      </form>
    </Modal>
  )
})
