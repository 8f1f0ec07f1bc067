import { shellLine } from './text'

/** A line for a terminal. */
export const stella = (...words: readonly string[]) => shellLine(['stella', ...words])

/** What was said, or the word that stands for it. */
export const said = (text: string, placeholder: string) => (text.trim() === '' ? placeholder : text)
