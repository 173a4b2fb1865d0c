import type { EdgeList } from './edge-list.js'

/** Akamai, for properties with Origin IP ACL; others connect from further addresses. */
export const akamai: EdgeList = {
  source: 'https://techdocs.akamai.com/origin-ip-acl/docs/update-your-origin-server',
  date: '2025-07-01',
  ranges: `
  2.16.0.0/13 23.0.0.0/12 23.32.0.0/11 23.192.0.0/11 95.100.0.0/15 184.24.0.0/13 2405:9600::/32
  2600:1400::/24 2a02:26f0::/32
  `,
}
