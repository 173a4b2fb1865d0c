/** Makes a user: the seed that it keeps, and the public key that the servers know it by. */
export async function newUser(): Promise<{ seed: string; publicKey: string }> {
  const { nkeys } = await import('@nats-io/transport-node')
  const user = nkeys.createUser()
  return { seed: Buffer.from(user.getSeed()).toString('latin1'), publicKey: user.getPublicKey() }
}
