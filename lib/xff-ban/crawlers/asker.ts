/** Who says that a crawler is allowed, in the list of those who are. */
export const ASKER = 'xff-ban crawlers'
