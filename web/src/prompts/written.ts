const key = (project: string) => `prelabel.prompt.${project}`

/** What somebody was writing in this browser, so that a reload loses nothing; empty: nothing. */
export const written = (project: string) => localStorage.getItem(key(project)) ?? ''

/** Keep what is written. */
export const write = (project: string, text: string) => localStorage.setItem(key(project), text)
