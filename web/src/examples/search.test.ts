import { describe, expect, it } from 'vitest'
import type { FormField } from '../lib/api'
import { isUnfiltered, read, wanted, write } from './search'

const topic = { name: 'topic', kind: 'choice', options: [], settings: {} } as unknown as FormField
const tone = { name: 'tone', kind: 'rating', options: [], settings: {} } as unknown as FormField

describe('a search in the address', () => {
  it('comes back as it was', () => {
    const query = 'run=3&place=queued&text=a%26b+%22c%22&label=topic%3Da%3Db&open=t%2F1&corrected=yes'
    expect(write(read(query))).toBe(
      new URLSearchParams(query).toString().replace('&open=t%2F1&corrected', '&open=t%2F1&corrected'),
    )
    expect(read(query)).toMatchObject({
      run: 3,
      text: 'a&b "c"',
      label: 'topic=a=b',
      open: 't/1',
      corrected: true,
      disagreed: false,
    })
  })
  it('is unfiltered whatever is open', () => {
    expect(isUnfiltered(read('run=3&open=t-1'))).toBe(true)
    expect(isUnfiltered(read('run=3&disagreed=yes'))).toBe(false)
  })
  it('says as an expression what the API has no word for', () => {
    const asked = read('label=topic%3Da%22b&from=20&to=50&reviewer=ann&where=tone+%3E+2+or+tone+%3C+1')
    expect(wanted(asked, [topic]).where).toBe(
      'topic == "a\\"b" and confidence >= 0.2 and confidence <= 0.5 and reviewer == "ann" and (tone > 2 or tone < 1)',
    )
    expect(wanted(read('label=tone%3D2'), [topic, tone]).where).toBe('tone == 2')
  })
})
