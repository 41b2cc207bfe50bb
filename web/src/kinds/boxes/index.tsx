import type { ImageContent } from '../../review/queue'
import { read } from './boxes'
import { Stage } from './Stage'
import { Pick } from '../Pick'
import type { FieldProps, KindView } from '../view'

function Panel({ field, value, draft, content }: FieldProps) {
  const image = content[String(field.settings.of)] as ImageContent | undefined
  const boxes = image ? read(value, image) : []
  return (
    <>
      <Pick isSmall value={value} draft={draft} text={`${boxes.length} boxes`} />
      <p className="h">
        Boxes
        <span className="spring" />
        <span className="num">{boxes.length}</span>
      </p>
      <ul className="list" aria-label="Boxes">
        {boxes.map((box, index) => (
          <li key={index} className="row">
            <span className="t">
              <bdi>{box.label}</bdi>
            </span>
            <span className="l num">
              {Math.round(box.width)} × {Math.round(box.height)}
            </span>
          </li>
        ))}
      </ul>
      <p className="muted">Drag on the image to draw a box, or press B and move it with the arrows.</p>
    </>
  )
}

export const boxes: KindView = {
  Panel,
  Stage,
  initial: [],
  covers: (field) => [String(field.settings.of)],
  summary: (value) => `${Array.isArray(value) ? value.length : 0} boxes`,
}
