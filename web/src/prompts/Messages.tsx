import type { PromptChecked } from '../lib/api'
import { count, shown, title } from '../lib/words'
import { imageUrl } from '../review/queue'

type Part = { type: 'text'; text: string } | { type: 'image'; image: { sha256: string; width: number; height: number } }
type Props = { checked: PromptChecked; isOld: boolean }

/** The very messages that a model would be sent for an example. */
export function Messages({ checked, isOld }: Props) {
  const messages = checked.messages as { role: string; content: string | Part[] }[]
  return (
    <div className={isOld ? 'old' : ''} data-testid="messages">
      {!checked.examples.length && <p className="muted">There is no example yet: a text stands in for one.</p>}
      {messages.map((message) => (
        <section key={message.role} aria-label={`${title(message.role)} message`}>
          <h3>{title(message.role)}</h3>
          {parts(message.content).map((part, index) =>
            part.type === 'text' ? (
              <pre key={index} dir="auto">
                {shown(part.text)}
              </pre>
            ) : (
              <img
                key={index}
                src={imageUrl(part.image.sha256)}
                width={part.image.width}
                height={part.image.height}
                alt="The image of the example"
              />
            ),
          )}
        </section>
      ))}
      {messages.length > 0 && (
        <p className="muted num" data-testid="tokens">
          {count(checked.tokens)} tokens go in, besides the form of the answer.
        </p>
      )}
    </div>
  )
}

const parts = (content: string | Part[]): Part[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content
