/** `1 ban`, `2 bans`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${numbered(count, one, many)}`
}

/** The noun alone, for a number that is written in another way. */
export function numbered(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many
}
