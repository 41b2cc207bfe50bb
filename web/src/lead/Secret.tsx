import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useState } from 'react'

type Props = { label: string; says: string; value: string; close: () => void }

/** A link or a token that is shown this once. */
export function Secret({ label, says, value, close }: Props) {
  const [isCopied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(value)
    setCopied(true)
  }
  return (
    <div className="secret" role="status">
      <p>
        <b>{says}</b> It is shown this once.
      </p>
      <div>
        <input className="box" readOnly aria-label={label} value={value} onFocus={(event) => event.target.select()} />
        {/* Browsers lend the clipboard to safe pages alone. */}
        {window.isSecureContext && (
          <button className="btn" type="button" onClick={() => void copy()}>
            {isCopied ? <IconCheck size={16} /> : <IconCopy size={16} />}
            {isCopied ? 'Copied' : 'Copy'}
          </button>
        )}
        <button className="btn" type="button" onClick={close}>
          Done
        </button>
      </div>
    </div>
  )
}
