/** Where front end and app may stand to each other on a machine with containers. */
import {
  bridgedPassIptables,
  docker,
  IN_DOCKER,
  KUBE_PROXY,
  NETAVARK,
  otherMachine,
  otherMachineByIpv6,
  pod,
  proxy,
  publish,
  withIpv6,
} from './containers.js'
import { hasOwnBridgeSettings, type Machine } from './machine.js'

export interface Topology {
  build: (machine: Machine) => Promise<void>
  /** the ports with which it has to work, each alone */
  ports: readonly number[]
  /** where the host itself finds the front end: where clients do, unless said */
  front?: string
  /** whether rules of iptables see its packets, too */
  passesRules?: true
  /** a kind of device that not every kernel has */
  kind?: 'macvlan' | 'ipvlan'
}

/** As compose makes it: front end and app in containers of one bridge, and the front end published. */
async function onOneBridge(machine: Machine, passesIptables: boolean): Promise<void> {
  await docker(machine, 'app', 'front')
  if (hasOwnBridgeSettings()) await bridgedPassIptables(machine, passesIptables)
  await machine.uwsgi('app', 3031)
  await machine.nginx('front', `${IN_DOCKER.app}:3031`)
  await publish(machine, 80, `${IN_DOCKER.front}:80`)
}

/** The app in a container, its port published as 8080. */
async function publishedApp(machine: Machine): Promise<void> {
  await docker(machine, 'app')
  await machine.uwsgi('app', 3031)
  await publish(machine, 8080, `${IN_DOCKER.app}:3031`)
}

const OTHER_MACHINE = '10.77.0.1'
const FRONT_POD = '10.244.0.3'
/** What comes to the host's own web port goes to it. */
const TO_FRONT_POD = `-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination ${FRONT_POD}:80`

export const TOPOLOGIES: Readonly<Record<string, Topology>> = {
  'front end and app on one bridge': {
    passesRules: true,
    ports: [3031],
    build: machine => onOneBridge(machine, true),
  },
  'front end and app on one bridge, whose packets iptables does not see': {
    ports: [3031],
    build: machine => onOneBridge(machine, false),
  },
  'front end and app on one bridge, by IPv6': {
    ports: [3031],
    async build(machine) {
      await docker(machine, 'app', 'front')
      await withIpv6(machine, 'app', 'front')
      await machine.uwsgi('app', 3031)
      await machine.nginx('front', '[fd00:17::2]:3031')
      await publish(machine, 80, `${IN_DOCKER.front}:80`)
    },
  },
  'front end on another machine, app at a published port, by IPv6': {
    front: OTHER_MACHINE,
    passesRules: true,
    ports: [8080, 3031],
    async build(machine) {
      await docker(machine, 'app')
      await withIpv6(machine, 'app')
      await machine.uwsgi('app', 3031)
      await machine.command(
        'host',
        ['ip6tables-restore', '--noflush'],
        '*nat\n-A PREROUTING -d fd00:77::2/128 -p tcp --dport 8080 -j DNAT --to-destination [fd00:17::2]:3031\nCOMMIT\n',
      )
      await otherMachineByIpv6(machine, '[fd00:77::2]:8080')
    },
  },
  'front end on the host, app at the address of its container': {
    ports: [3031],
    async build(machine) {
      await docker(machine, 'app')
      await machine.uwsgi('app', 3031)
      await machine.nginx('host', `${IN_DOCKER.app}:3031`)
    },
  },
  'front end on the host, app at a published port': {
    ports: [8080, 3031],
    async build(machine) {
      await publishedApp(machine)
      await machine.nginx('host', '192.0.2.1:8080')
    },
  },
  'front end on the host, app behind a proxy in user space': {
    ports: [8080, 3031],
    async build(machine) {
      await publishedApp(machine)
      await proxy(machine, 8080, `${IN_DOCKER.app}:3031`)
      await machine.nginx('host', '127.0.0.1:8080')
    },
  },
  'front end on another machine, app at a published port': {
    front: OTHER_MACHINE,
    passesRules: true,
    ports: [8080, 3031],
    async build(machine) {
      await publishedApp(machine)
      // it listens there, too, and gets nothing of what NAT leads past it
      await proxy(machine, 8080, `${IN_DOCKER.app}:3031`)
      await otherMachine(machine, '10.77.0.2:8080')
    },
  },
  'front end in a container, app at a port published on the bridge': {
    ports: [8080, 3031],
    async build(machine) {
      await docker(machine, 'app', 'front')
      await machine.uwsgi('app', 3031)
      await machine.rules(
        'host',
        'nat',
        '-I PREROUTING -d 172.17.0.1 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:3031',
      )
      await machine.nginx('front', '172.17.0.1:8080')
      await publish(machine, 80, `${IN_DOCKER.front}:80`)
    },
  },
  'front end in a container, app on the host': {
    passesRules: true,
    ports: [3031],
    async build(machine) {
      await docker(machine, 'front')
      await machine.uwsgi('host', 3031)
      await machine.nginx('front', '172.17.0.1:3031')
      await publish(machine, 80, `${IN_DOCKER.front}:80`)
    },
  },
  'both in the network of the host': {
    passesRules: true,
    ports: [3031],
    async build(machine) {
      await machine.uwsgi('host', 3031)
      await machine.nginx('host', '127.0.0.1:3031')
    },
  },
  'containers on two bridges, with routing between them': {
    ports: [3031],
    async build(machine) {
      await docker(machine, 'app')
      await machine.add('front')
      await machine.ip(
        'host',
        'link add backend type bridge',
        'link add vethfront type veth peer name eth0 netns @front',
      )
      await machine.ip(
        'host',
        'address add 172.18.0.1/16 dev backend',
        'link set vethfront master backend',
        'link set vethfront up',
        'link set backend up',
      )
      await machine.ip(
        'front',
        'address add 172.18.0.3/16 dev eth0',
        'link set eth0 up',
        'route add default via 172.18.0.1',
      )
      await machine.uwsgi('app', 3031)
      await machine.nginx('front', `${IN_DOCKER.app}:3031`)
      await publish(machine, 80, '172.18.0.3:80')
    },
  },
  'pods without a bridge, as Calico makes them': {
    front: FRONT_POD,
    passesRules: true,
    ports: [3031],
    async build(machine) {
      await pod(machine, 'front', FRONT_POD)
      await pod(machine, 'app', '10.244.0.2')
      await machine.uwsgi('app', 3031)
      await machine.nginx('front', '10.244.0.2:3031')
      await machine.rules('host', 'nat', TO_FRONT_POD)
    },
  },
  'pods behind a service, as kube-proxy makes it': {
    front: FRONT_POD,
    passesRules: true,
    // the port of the service, and that of the pod
    ports: [8080, 3031],
    async build(machine) {
      await pod(machine, 'front', FRONT_POD)
      await pod(machine, 'app', '10.244.0.2')
      await machine.uwsgi('app', 3031)
      await machine.rules(
        'host',
        'nat',
        ...[':KUBE-SERVICES - [0:0]', ':KUBE-SVC-APP - [0:0]', ':KUBE-SEP-APP - [0:0]'],
        '-A PREROUTING -j KUBE-SERVICES',
        '-A OUTPUT -j KUBE-SERVICES',
        '-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m tcp --dport 8080 -j KUBE-SVC-APP',
        '-A KUBE-SVC-APP -j KUBE-SEP-APP',
        '-A KUBE-SEP-APP -p tcp -m tcp -j DNAT --to-destination 10.244.0.2:3031',
        TO_FRONT_POD,
      )
      await machine.nginx('front', '10.96.0.10:8080')
    },
  },
  'pods behind a service, as kube-proxy makes it of nft': {
    front: FRONT_POD,
    passesRules: true,
    ports: [8080, 3031],
    async build(machine) {
      await pod(machine, 'front', FRONT_POD)
      await pod(machine, 'app', '10.244.0.2')
      await machine.uwsgi('app', 3031)
      await machine.command('host', ['nft', '-f', '-'], KUBE_PROXY)
      await machine.rules('host', 'nat', TO_FRONT_POD)
      await machine.nginx('front', '10.96.0.10:8080')
    },
  },
  'containers and rules as Podman makes them': {
    front: OTHER_MACHINE,
    ports: [8080, 3031],
    async build(machine) {
      await docker(machine, 'app')
      await machine.uwsgi('app', 3031)
      await machine.command('host', ['nft', '-f', '-'], NETAVARK)
      await otherMachine(machine, '10.77.0.2:8080')
    },
  },
  'a port that the host redirects to itself': {
    front: OTHER_MACHINE,
    ports: [8080, 3031],
    async build(machine) {
      await machine.uwsgi('host', 3031)
      await machine.rules('host', 'nat', '-A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 3031')
      await otherMachine(machine, '10.77.0.2:8080')
    },
  },
  'app in a container with a macvlan': {
    front: OTHER_MACHINE,
    ports: [3031],
    kind: 'macvlan',
    async build(machine) {
      await otherMachine(machine, '10.77.0.9:3031')
      await machine.add('app')
      await machine.ip('host', 'link add eth0 link lan type macvlan mode bridge', 'link set eth0 netns @app')
      await machine.ip('app', 'address add 10.77.0.9/24 dev eth0', 'link set eth0 up')
      await machine.uwsgi('app', 3031)
    },
  },
  'app in a container with an ipvlan': {
    front: OTHER_MACHINE,
    ports: [3031],
    kind: 'ipvlan',
    async build(machine) {
      await otherMachine(machine, '10.77.0.9:3031')
      await machine.add('app')
      await machine.ip('host', 'link add eth0 link lan type ipvlan mode l2', 'link set eth0 netns @app')
      await machine.ip('app', 'address add 10.77.0.9/24 dev eth0', 'link set eth0 up')
      await machine.uwsgi('app', 3031)
    },
  },
}
