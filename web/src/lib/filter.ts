const nice = (label: string) => label.replaceAll('_', ' ')
/** Rank labels for a typed query: every query word must start a word (best) or occur; returns match ranges. */
export function filterLabels(labels: string[], q: string): { label: string; score: number }[] {
  const words = q
    .toLowerCase()
    .trim()
    .split(/[\s_]+/)
    .filter(Boolean)
  if (!words.length) return labels.map((label) => ({ label, score: 0 }))
  const out: { label: string; score: number }[] = []
  for (const label of labels) {
    const text = nice(label).toLowerCase(),
      parts = text.split(' ')
    let score = 0,
      ok = true
    for (const w of words) {
      const i = parts.findIndex((p) => p.startsWith(w))
      if (i >= 0) score += 10 - Math.min(i, 8) + (parts[i] === w ? 3 : 0)
      else if (text.includes(w)) score += 1
      else if (initials(parts).startsWith(w)) score += 6
      else {
        ok = false
        break
      }
    }
    if (ok) out.push({ label, score: score - text.length / 100 })
  }
  return out.sort((a, b) => b.score - a.score)
}
const initials = (p: string[]) => p.map((x) => x[0]).join('')
