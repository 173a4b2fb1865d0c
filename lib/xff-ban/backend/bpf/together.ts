/**
 * As Promise.all, but where one fails the others are over, too: what is tried again after that must not meet them.
 * @throws what the first of them has thrown
 */
export async function together<const T extends readonly Promise<unknown>[]>(work: T) {
  await Promise.allSettled(work)
  return await Promise.all(work)
}
