/** Containers and what is around them, as Docker, Podman and Kubernetes make them. */
import type { Machine } from './machine.js'

/** The address of a container on Docker's bridge. */
export const IN_DOCKER = { app: '172.17.0.2', front: '172.17.0.3' } as const
type Container = keyof typeof IN_DOCKER

/** Docker's bridge, its rules of NAT, and containers on it. */
export async function docker(machine: Machine, ...containers: readonly Container[]): Promise<void> {
  await machine.ip(
    'host',
    'link add docker0 type bridge',
    'address add 172.17.0.1/16 dev docker0',
    'link set docker0 up',
  )
  for (const name of containers) {
    await machine.add(name)
    await plugIn(machine, name)
  }
  await machine.rules(
    'host',
    'nat',
    ':DOCKER - [0:0]',
    '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
    '-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER',
    '-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE',
    // the bridge's own address leads back to a container of the same bridge
    '-A POSTROUTING -s 172.17.0.0/16 -d 172.17.0.0/16 -p tcp -m conntrack --ctstate DNAT -j MASQUERADE',
    '-A DOCKER -i docker0 -j RETURN',
  )
}

/** Gives a container its device on the bridge, with the hardware address that Docker makes of its address. */
export async function plugIn(machine: Machine, name: Container): Promise<void> {
  const mac = `02:42:ac:11:00:0${IN_DOCKER[name].at(-1)}`
  await machine.ip(
    'host',
    `link add veth${name} type veth peer name eth0 address ${mac} netns @${name}`,
    `link set veth${name} master docker0`,
    `link set veth${name} up`,
  )
  await machine.ip(
    name,
    `address add ${IN_DOCKER[name]}/16 dev eth0`,
    'link set eth0 up',
    'route add default via 172.17.0.1',
  )
}

/** Gives Docker's bridge and its containers addresses of IPv6, too: fd00:17::2 for 172.17.0.2. */
export async function withIpv6(machine: Machine, ...containers: readonly Container[]): Promise<void> {
  await machine.ip('host', 'address add fd00:17::1/64 dev docker0 nodad')
  for (const name of containers) {
    const address = `fd00:17::${IN_DOCKER[name].at(-1)}`
    await machine.ip(name, `address add ${address}/64 dev eth0 nodad`, 'route add default via fd00:17::1')
  }
}

/** As `docker run --publish` does. */
export const publish = (machine: Machine, port: number, to: string) =>
  machine.rules('host', 'nat', `-A DOCKER ! -i docker0 -p tcp --dport ${port} -j DNAT --to-destination ${to}`)

/** What netavark writes for `podman run --publish 8080:3031`, with nft. */
export const NETAVARK = `
table inet netavark {
  chain NETAVARK-HOSTPORT-DNAT { tcp dport 8080 jump nv_2f259bab_172_17_0_0_nm16_dnat; }
  chain nv_2f259bab_172_17_0_0_nm16_dnat {
    ip saddr 172.17.0.0/16 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    tcp dport 8080 dnat ip to 172.17.0.2:3031
  }
  chain NETAVARK-HOSTPORT-SETMARK { meta mark set meta mark or 0x2000; }
  chain PREROUTING { type nat hook prerouting priority -100; policy accept; fib daddr type local jump NETAVARK-HOSTPORT-DNAT; }
  chain OUTPUT { type nat hook output priority -100; policy accept; fib daddr type local jump NETAVARK-HOSTPORT-DNAT; }
}
`

/** A container without a bridge: the host answers for its gateway, and has a route to it. */
export async function pod(machine: Machine, name: string, address: string): Promise<void> {
  await machine.add(name)
  await machine.ip('host', `link add cali${name} type veth peer name eth0 netns @${name}`)
  await machine.ip('host', `link set cali${name} up`)
  await machine.command('host', ['sh', '-c', `echo 1 > /proc/sys/net/ipv4/conf/cali${name}/proxy_arp`])
  await machine.ip('host', `route add ${address}/32 dev cali${name} scope link`)
  await machine.ip(
    name,
    `address add ${address}/32 dev eth0`,
    'link set eth0 up',
    'route add 169.254.1.1 dev eth0 scope link',
    'route add default via 169.254.1.1 dev eth0',
  )
}

/** A front end on a machine of its own, 10.77.0.1, which reaches the host as 10.77.0.2. */
export async function otherMachine(machine: Machine, to: string): Promise<void> {
  await machine.add('front')
  await machine.ip('host', 'link add lan type veth peer name lan netns @front')
  await machine.ip('host', 'address add 10.77.0.2/24 dev lan', 'link set lan up')
  await machine.ip(
    'front',
    'address add 10.77.0.1/24 dev lan',
    'link set lan up',
    'route add default via 10.77.0.2',
  )
  await machine.nginx('front', to)
  await machine.rules(
    'host',
    'nat',
    '-A PREROUTING -i wan -p tcp --dport 80 -j DNAT --to-destination 10.77.0.1:80',
  )
}

/** The same by IPv6: it is fd00:77::1, and reaches the host as fd00:77::2. */
export async function otherMachineByIpv6(machine: Machine, to: string): Promise<void> {
  await otherMachine(machine, to)
  await machine.ip('host', 'address add fd00:77::2/64 dev lan nodad')
  await machine.ip('front', 'address add fd00:77::1/64 dev lan nodad', 'route add default via fd00:77::2')
}

/** What docker-proxy does: it listens at a published port, and carries bytes. */
export async function proxy(machine: Machine, port: number, to: string): Promise<void> {
  const [host, target] = to.split(':')
  const script =
    `const net = require('node:net');` +
    `net.createServer(one => { const other = net.connect(${target}, '${host}');` +
    `one.pipe(other).pipe(one); one.on('error', () => other.destroy()); other.on('error', () => one.destroy()) }).listen(${port})`
  await machine.serve('host', [process.execPath, '-e', script], port)
}

/** Whether packets between members of a bridge pass iptables (br_netfilter); asked for the host alone. */
export async function bridgedPassIptables(machine: Machine, isOn: boolean): Promise<void> {
  const path = '/proc/sys/net/bridge/bridge-nf-call-iptables'
  await machine.command('host', ['sh', '-c', `echo ${isOn ? 1 : 0} > ${path}`])
}

/** What kube-proxy writes in its mode nftables for the service 10.96.0.10:8080 of a pod, 10.244.0.2:3031. */
export const KUBE_PROXY = `
table ip kube-proxy {
  map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
  map service-nodeports { type inet_proto . inet_service : verdict; }
  chain mark-for-masquerade { meta mark set meta mark or 0x4000; }
  chain endpoint-5OJB2KTY-shop/app/tcp/http__10.244.0.2/3031 {
    ip saddr 10.244.0.2 jump mark-for-masquerade
    meta l4proto tcp dnat to 10.244.0.2:3031
  }
  chain service-ULMVA6XW-shop/app/tcp/http {
    ip daddr 10.96.0.10 tcp dport 8080 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
    numgen random mod 1 vmap { 0 : goto endpoint-5OJB2KTY-shop/app/tcp/http__10.244.0.2/3031 }
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @service-ips
    fib daddr type local meta l4proto . th dport vmap @service-nodeports
  }
  chain nat-prerouting { type nat hook prerouting priority dstnat; jump services; }
  chain nat-output { type nat hook output priority -100; jump services; }
}
add element ip kube-proxy service-ips {
  10.96.0.10 . tcp . 8080 comment "shop/app:http" : goto service-ULMVA6XW-shop/app/tcp/http
}
`
