/**
 * Networks of one test: an internet (203.0.113.0/24) with the site's server and a TURN server in
 * it, and two homes behind NATs of their own. All of it is network namespaces.
 *
 *     a 10.1.0.2 ─ nata 203.0.113.30 ─┐         ┌─ srv  203.0.113.10
 *                                     ├── net ──┤
 *     b 10.2.0.2 ─ natb 203.0.113.40 ─┘         └─ turn 203.0.113.20
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const SERVER = '203.0.113.10';
export const TURN = '203.0.113.20';

export type Home = 'a' | 'b';
/** What the rest of the internet sees of a home's port: one for all, or another for each. */
export type Nat = 'cone' | 'symmetric';
type Place = Home | 'nata' | 'natb' | 'net' | 'srv' | 'turn';

const PLACES: Place[] = ['net', 'srv', 'turn', 'nata', 'natb', 'a', 'b'];
const HOMES = {
  a: { inside: '10.1.0', outside: '203.0.113.30' },
  b: { inside: '10.2.0', outside: '203.0.113.40' },
};
/** Names whom the namespaces belong to; what the run leaves behind is found by it (run.mjs). */
const PREFIX = process.env['RTC_NETWORK_PREFIX'] ?? `rtcnet${process.pid}`;

let labs = 0;

export class Lab {
  readonly folder: string;
  #prefix = `${PREFIX}-${++labs}`;
  #children: ChildProcess[] = [];
  /** The end of what each program said, for when its test fails. */
  readonly said = new Map<string, string>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(nat: Nat): Promise<Lab> {
    const lab = new Lab(await mkdtemp(path.join(tmpdir(), 'rtc-network-')));
    try {
      await lab.#build();
      await Promise.all([lab.nat('a', nat), lab.nat('b', nat)]);
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  /** Runs a shell script at a place. @returns what it printed */
  async at(place: Place, script: string): Promise<string> {
    return sh(`ip netns exec ${this.#ns(place)} sh -e <<'SCRIPT'\n${script}\nSCRIPT`);
  }

  /** Starts a program at a place, which ends with the lab; waits until it prints `ready`. */
  async start(place: Place, command: string, args: string[], ready: RegExp): Promise<ChildProcess> {
    const child = spawn('ip', ['netns', 'exec', this.#ns(place), command, ...args], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    let said = '';
    let late: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve, reject) => {
      late = setTimeout(() => reject(new Error(`${command} is not ready: ${said}`)), 30_000);
      child.once('exit', () => reject(new Error(`${command} ended: ${said}`)));
      child.once('error', reject);
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          said = (said + text).slice(-20_000);
          this.said.set(command, said);
          if (ready.test(said)) resolve();
        });
      }
    }).finally(() => clearTimeout(late));
    return child;
  }

  /** A program that runs another at a place: what a browser is launched by. */
  async wrapper(place: Place, program: string): Promise<string> {
    const file = path.join(this.folder, `at-${place}`);
    await writeFile(file, `#!/bin/sh\nexec ip netns exec ${this.#ns(place)} '${program}' "$@"\n`);
    await chmod(file, 0o755);
    return file;
  }

  /** What kind of NAT a home is behind; what was mapped before is forgotten. */
  async nat(home: Home, nat: Nat): Promise<void> {
    // Dropped on its own address before it is tracked: else an early packet from outside takes the
    // port that the home's own packet needs.
    await this.at(
      `nat${home}`,
      `nft -f - <<'RULES'
add table ip nat
delete table ip nat
table ip nat {
  chain out {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade ${nat === 'symmetric' ? 'fully-random' : ''}
  }
  chain self {
    type filter hook input priority filter
    iifname "wan" ct state new drop
  }
  chain through {
    type filter hook forward priority filter
    iifname "wan" ct state new drop
  }
}
RULES`,
    );
  }

  /** What goes wrong in a home's router with what passes through it, in nftables' words; none: nothing. */
  async fault(home: Home, ...rules: string[]): Promise<void> {
    await this.at(
      `nat${home}`,
      `nft -f - <<'RULES'
add table ip fault
delete table ip fault
table ip fault {
  chain through {
    type filter hook forward priority filter - 1
    ${rules.join('\n    ')}
  }
}
RULES`,
    );
  }

  /** Limits what leaves a home, in kbit/s, with the queue of a common router. */
  async uplink(home: Home, rate: number): Promise<void> {
    await this.at(
      `nat${home}`,
      `tc qdisc replace dev wan root tbf rate ${rate}kbit burst 8kb latency 400ms`,
    );
  }

  /** The home's machine goes to another network of that home: another address, another gateway. */
  async move(home: Home, subnet: string): Promise<void> {
    await this.at(
      `nat${home}`,
      `ip addr flush dev lan
ip addr add ${subnet}.1/24 dev lan`,
    );
    await this.at(
      home,
      `ip addr flush dev eth
ip addr add ${subnet}.2/24 dev eth
ip route add default via ${subnet}.1`,
    );
  }

  /** The home's provider gives its router another address. */
  async renumber(home: Home, address: string): Promise<void> {
    await this.at(
      `nat${home}`,
      `ip addr flush dev wan
ip addr add ${address}/24 dev wan`,
    );
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await cleanUp(this.#prefix);
    await rm(this.folder, { recursive: true, force: true });
  }

  #ns(place: Place): string {
    return `${this.#prefix}-${place}`;
  }

  async #build(): Promise<void> {
    const ns = (place: Place): string => this.#ns(place);
    const lines = PLACES.flatMap((place) => [
      `ip netns add ${ns(place)}`,
      `ip -n ${ns(place)} link set lo up`,
    ]);
    lines.push(
      `ip -n ${ns('net')} link add switch type bridge`,
      `ip -n ${ns('net')} link set switch up`,
    );
    const online = (place: Place, address: string): void => {
      lines.push(
        `ip link add wan netns ${ns(place)} type veth peer name to-${place} netns ${ns('net')}`,
        `ip -n ${ns('net')} link set to-${place} master switch up`,
        `ip -n ${ns(place)} addr add ${address}/24 dev wan`,
        `ip -n ${ns(place)} link set wan up`,
      );
    };
    online('srv', SERVER);
    online('turn', TURN);
    for (const home of ['a', 'b'] as const) {
      const { inside, outside } = HOMES[home];
      online(`nat${home}`, outside);
      lines.push(
        `ip link add eth netns ${ns(home)} type veth peer name lan netns ${ns(`nat${home}`)}`,
        `ip -n ${ns(home)} addr add ${inside}.2/24 dev eth`,
        `ip -n ${ns(home)} link set eth up`,
        `ip -n ${ns(`nat${home}`)} addr add ${inside}.1/24 dev lan`,
        `ip -n ${ns(`nat${home}`)} link set lan up`,
        `ip -n ${ns(home)} route add default via ${inside}.1`,
        `ip netns exec ${ns(`nat${home}`)} sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'`,
      );
    }
    await sh(lines.join('\n'));
  }
}

/** Ends what runs in the namespaces of this prefix, and removes them. */
async function cleanUp(prefix: string): Promise<void> {
  await sh(`for ns in $(ip netns list | cut -d' ' -f1 | grep '^${prefix}-'); do
  for pid in $(ip netns pids $ns); do kill -9 $pid 2>/dev/null || true; done
  ip netns del $ns
done`);
}

function sh(script: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('sh', ['-e'], (error, stdout, stderr) => {
      if (error) reject(new Error(`${stderr.trim()}\n${script}`));
      else resolve(stdout);
    });
    child.stdin?.end(script);
  });
}
