import { IconPhoto } from '@tabler/icons-react'
import type { Json } from '../lib/api'
import { shown } from '../lib/words'
import { imageUrl, isImage, type ImageContent } from './queue'

type Turn = { role: string; content: string }

const isTurns = (value: Json): value is Turn[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every(
    (one) => typeof one === 'object' && one !== null && 'role' in one && typeof (one as Turn).content === 'string',
  )

/** Whatever the text holds, it is shown as text, in the direction that its own letters have. */
export function Text({ text }: { text: string }) {
  return (
    <p className="plain" dir="auto">
      {shown(text)}
    </p>
  )
}

/** What is to be labeled: a text, a conversation, fields, images. `without` are shown elsewhere. */
export function Content({ content, without }: { content: Record<string, Json>; without: string[] }) {
  const fields = Object.entries(content).filter(([name, value]) => !without.includes(name) && value !== null)
  const only = fields.length === 1 ? fields[0] : undefined
  if (only && typeof only[1] === 'string') {
    return (
      <div className={`card text ${only[1].length > 600 ? 'long' : ''}`} data-testid="content">
        <Text text={only[1]} />
      </div>
    )
  }
  return (
    <div className="fields" data-testid="content">
      {fields.map(([name, value]) => (
        <section key={name} className="card field">
          {fields.length > 1 && <p className="h">{name.replaceAll('_', ' ')}</p>}
          <Value value={value} />
        </section>
      ))}
    </div>
  )
}

function Value({ value }: { value: Json }) {
  if (isImage(value)) return <Picture image={value} />
  if (isTurns(value)) return <Conversation turns={value} />
  if (typeof value === 'string') return <Text text={value} />
  if (typeof value === 'object') return <pre className="json">{shown(JSON.stringify(value, null, 2))}</pre>
  return <p className="plain num">{String(value)}</p>
}

function Conversation({ turns }: { turns: Turn[] }) {
  return (
    <ol className="turns">
      {turns.map((turn, index) => (
        <li key={index} className={`said ${turn.role === 'user' ? 'asks' : 'answers'}`}>
          <span className="h">{turn.role}</span>
          <Text text={turn.content} />
        </li>
      ))}
    </ol>
  )
}

function Picture({ image }: { image: ImageContent }) {
  return (
    <a
      className="picture"
      href={imageUrl(image.sha256)}
      target="_blank"
      rel="noreferrer"
      aria-label={`Open ${image.name || 'the image'} by itself`}
    >
      <img
        src={imageUrl(image.sha256)}
        alt={image.name || 'The image to label'}
        width={image.width}
        height={image.height}
      />
      <span className="muted">
        <IconPhoto size={14} /> {image.name} {image.width} × {image.height}
      </span>
    </a>
  )
}
