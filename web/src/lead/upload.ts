import { Failure, getCsrf, type Format, type Import } from '../lib/api'

export const MAPPED = ['id_field', 'text_field', 'gold_field', 'image_field'] as const
export type Mapping = Partial<Record<(typeof MAPPED)[number], string>>

/** The format that a file's name says, by its longest known ending; JSON Lines where it says none. */
export function formatOf(name: string, formats: Pick<Format, 'name' | 'reads' | 'endings'>[]): string {
  const plain = name.toLowerCase().replace(/\.gz$/, '')
  const fits = formats
    .filter((one) => one.reads)
    .flatMap((one) =>
      one.endings.filter((ending) => plain.endsWith(`.${ending}`)).map((ending) => [ending.length, one.name] as const),
    )
  return fits.sort((a, b) => b[0] - a[0])[0]?.[1] ?? 'jsonl'
}

/** Send a file as the body of a request, and tell how much of it has gone: fetch cannot. Throws Failure. */
export function send<T = Import>(
  url: string,
  file: Blob,
  tell: (share: number) => void,
): { done: Promise<T>; stop: () => void } {
  const request = new XMLHttpRequest()
  const done = new Promise<T>((resolve, reject) => {
    request.upload.onprogress = (event) => event.lengthComputable && tell(event.loaded / event.total)
    request.onload = () => {
      const said = parsed(request.responseText)
      if (request.status < 300) resolve(said as T)
      else
        reject(
          new Failure(
            request.status,
            (said as { detail?: string } | null)?.detail ?? `The server answered ${request.status}.`,
          ),
        )
    }
    request.onerror = () => reject(new Failure(0, 'The server does not answer.'))
    request.onabort = () =>
      reject(new Failure(0, 'Stopped: what had arrived is kept, and sending the file again adds nothing twice.'))
    request.open('POST', url)
    request.setRequestHeader('X-CSRF-Token', getCsrf())
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.send(file)
  })
  return { done, stop: () => request.abort() }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
