import { IconSparkles, IconUserCheck } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { Json } from '../lib/api'
import { isEmpty, same } from '../lib/form'
import { percent } from '../lib/words'

type Props = {
  value: Json
  draft: Json | undefined
  text: string
  share?: number
  isSmall?: boolean
  children?: ReactNode
}

/** What a field holds now, and whether that is the model's draft or the reviewer's own choice: by shape, word and colour.
 *  Small, it says only whose it is. */
export function Pick({ value, draft, text, share, isSmall = false, children }: Props) {
  const isDraft = draft !== undefined && same(value, draft)
  const tag = (
    <span className="tag">
      {isDraft ? (
        <>
          <IconSparkles size={15} /> Draft
        </>
      ) : (
        <>
          <IconUserCheck size={15} /> Your choice
        </>
      )}
    </span>
  )
  if (isSmall)
    return isEmpty(value) ? null : (
      <span className={`origin ${isDraft ? 'is-draft' : 'is-human'}`} data-testid="picked" data-text={text}>
        {tag}
      </span>
    )
  if (isEmpty(value)) {
    return (
      <div className="pick">
        <div className="name muted" data-testid="picked">
          Choose a label
        </div>
      </div>
    )
  }
  return (
    <div className={`pick ${isDraft ? 'is-draft' : 'is-human'}`}>
      {tag}
      <div className="name" data-testid="picked">
        <bdi>{text}</bdi>
      </div>
      {share !== undefined && (
        <div className="conf">
          <span className="meter">
            <span style={{ width: `${share * 100}%` }} />
          </span>
          <span className="num">{percent(share)}</span>
        </div>
      )}
      {children}
    </div>
  )
}
