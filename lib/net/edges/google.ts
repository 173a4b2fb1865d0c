import type { EdgeList } from './edge-list.js'

/** Google Front Ends, by which the load balancers of Google Cloud connect to backends in it (not to those on the internet). */
export const google: EdgeList = {
  source: 'https://cloud.google.com/load-balancing/docs/firewall-rules',
  date: '2026',
  ranges: `
  35.191.0.0/16 130.211.0.0/22 2600:2d00:1:b029::/64 2600:2d00:1:1::/64
  `,
}
