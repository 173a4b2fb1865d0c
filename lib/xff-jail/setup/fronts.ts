/** What may stand before an app; `other` sets X-Forwarded-For in a way that is not known. */
export const FRONTS = ['nginx', 'haproxy', 'apache', 'caddy', 'traefik', 'other'] as const
export type FrontName = (typeof FRONTS)[number]
