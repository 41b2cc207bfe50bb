import { Ruler } from './marks/marks'
import { Stage } from './marks/Stage'
import { Pick } from './Pick'
import type { FieldProps, KindView } from './view'

type Span = { start: number; end: number; label: string }
const spansOf = (value: unknown) => (Array.isArray(value) ? (value as Span[]) : [])

function Panel({ field, value, draft, content, isAlone }: FieldProps) {
  const ruler = new Ruler(String(content[String(field.settings.of)] ?? ''))
  const spans = ruler.spans(value)
  return (
    <>
      <Pick isSmall value={value} draft={draft} text={`${spans.length} spans`} />
      {isAlone && (
        <p className="h">
          Spans
          <span className="spring" />
          <span className="num">{spans.length}</span>
        </p>
      )}
      <ul className="list" aria-label="Spans">
        {spans.map((span) => (
          <li key={`${span.start}-${span.end}-${span.label}`} className="row">
            <span className="t">
              <bdi>{ruler.cut(span)}</bdi>
            </span>
            <span className="l">
              <bdi>{span.label}</bdi>
            </span>
          </li>
        ))}
      </ul>
      {!spans.length && (
        <p className="muted">None. Select words with the mouse, or with → and ⇧ →, then choose a type by its digit.</p>
      )}
    </>
  )
}

export const spans: KindView = {
  Panel,
  Stage,
  initial: [],
  covers: (field) => [String(field.settings.of)],
  summary: (value) => `${spansOf(value).length} spans`,
}
