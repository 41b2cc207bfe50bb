import { IconArrowRight } from '@tabler/icons-react'
import { relationKey, Ruler } from './marks/marks'
import { Stage } from './marks/Stage'
import { Pick } from './Pick'
import type { FieldProps, KindView } from './view'

function Panel({ field, value, draft, content }: FieldProps) {
  const ruler = new Ruler(String(content[String(field.settings.of)] ?? ''))
  const relations = ruler.relations(value)
  return (
    <>
      <Pick isSmall value={value} draft={draft} text={`${relations.length} relations`} />
      <ul className="list" aria-label="Relations">
        {relations.map((one) => (
          <li key={relationKey(one)} className="row joined">
            <span className="t">
              <bdi>{ruler.cut(one.head)}</bdi>
            </span>
            <span className="l">
              <bdi>{one.label}</bdi>
            </span>
            <IconArrowRight size={14} />
            <span className="t">
              <bdi>{ruler.cut(one.tail)}</bdi>
            </span>
          </li>
        ))}
      </ul>
      {!relations.length && (
        <p className="muted">None. Choose a span, press R, choose the other, then a type by its digit.</p>
      )}
    </>
  )
}

/** Where they join the spans of another field, they are drawn there. */
export const relations: KindView = {
  Panel,
  Stage,
  initial: [],
  isStaged: (field, fields) => !fields.some((other) => other.kind === 'spans' && other.name === field.settings.between),
  covers: (field) => [String(field.settings.of)],
  summary: (value) => `${Array.isArray(value) ? value.length : 0} relations`,
}
