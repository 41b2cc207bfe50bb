import type { Table } from './drawing'

/** A table as CSV for a spreadsheet, figures as exact as they came; what a spreadsheet would take for a formula is defused. */
export function csv(table: Table): string {
  const lines = [table.columns.map((one) => one.name), ...table.rows]
  return (
    lines
      .map((line) =>
        line
          .map((cell) => quoted(cell === null ? '' : typeof cell === 'string' ? defused(cell) : String(cell)))
          .join(','),
      )
      .join('\r\n') + '\r\n'
  )
}

const defused = (text: string) => (/^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text)
const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** Have the browser keep a text as a file. */
export function keep(name: string, text: string, type: string) {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
