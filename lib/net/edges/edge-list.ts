/** The addresses from which a CDN or a load balancer connects to the servers behind it. */
export interface EdgeList {
  /** where the provider publishes them */
  source: string
  /** of this state of the publication */
  date: string
  /** CIDR ranges, apart by white space */
  ranges: string
}
