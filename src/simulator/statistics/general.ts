import { wireNames } from "../parameters.ts";
import type { GroupWriter, Look } from "./groups.ts";

const NAMES = wireNames({
  state: "state.state",
  reason: "state.reason",
  time: "cpu.time",
  user: "cpu.user",
  system: "cpu.system",
  cacheMonitors: "cpu.cache.monitor.count",
  haltpollSuccess: "cpu.haltpoll.success.time",
  haltpollFail: "cpu.haltpoll.fail.time",
  dirtyStatus: "dirtyrate.calc_status",
  dirtyStart: "dirtyrate.calc_start_time",
  dirtyPeriod: "dirtyrate.calc_period",
  dirtyMode: "dirtyrate.calc_mode",
});

/** QEMU's own threads cost this much on top of the vCPUs' time. */
const EMULATOR_SHARE = 0.03;
const EMULATOR_IDLE_SHARE = 0.0015;
const STARTUP_NS = 2.1e8;
const DAEMON_SHARE = 0.012;

/** Group state. */
export const writeState: GroupWriter = (list, { domain }) => {
  list.int(NAMES.state, domain.state);
  list.int(NAMES.reason, domain.reason);
};

/** Group cpu. */
export const writeCpu: GroupWriter = (list, look) => {
  const { domain, release, monitor } = look;
  if (!domain.active && release !== "9.0") return;
  const timeNs = Math.floor(cpuTimeNs(look));
  const systemNs = Math.floor(timeNs * domain.systemShare);
  list.ullong(NAMES.time, timeNs);
  list.ullong(NAMES.user, timeNs - systemNs);
  list.ullong(NAMES.system, systemNs);
  if (!domain.active) return;
  if (release === "9.0") list.uint(NAMES.cacheMonitors, 0);
  if (!monitor) return;
  list.ullong(NAMES.haltpollSuccess, domain.shape.kvm ? haltpollNs(look, 0.011) : 0);
  list.ullong(NAMES.haltpollFail, domain.shape.kvm ? haltpollNs(look, 0.004) : 0);
};

/** Group dirtyrate, before anybody has asked for a calculation. */
export const writeDirtyRate: GroupWriter = (list, { monitor }) => {
  if (!monitor) return;
  list.int(NAMES.dirtyStatus, 0);
  list.llong(NAMES.dirtyStart, 0);
  list.int(NAMES.dirtyPeriod, 0);
  list.string(NAMES.dirtyMode, "page-sampling");
};

/** For a domain that does not run, libvirt 9.0 gives the time of its own process. */
function cpuTimeNs({ domain, moment, daemonRanS }: Look): number {
  if (!domain.active) return STARTUP_NS + daemonRanS * DAEMON_SHARE * 1e9;
  const guestS = domain.vcpus.reduce((sum, vcpu) => sum + domain.total(vcpu, moment), 0);
  return STARTUP_NS + (guestS * (1 + EMULATOR_SHARE) + moment.ranS * EMULATOR_IDLE_SHARE) * 1e9;
}

/** Halt polling is what a vCPU does before it sleeps, so it takes a share of the time that the guest leaves idle. */
function haltpollNs({ domain, moment }: Look, share: number): number {
  return (
    domain.vcpus.reduce((sum, vcpu) => sum + (moment.ranS - domain.total(vcpu, moment)), 0) * share * 1e9
  );
}
