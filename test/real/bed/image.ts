import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { globSync, readFileSync, statSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { cacheDirectory, paths, repositoryRoot } from "./parts.ts";

/** What an image says beside its files, in Docker's words. */
interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Healthcheck: { readonly Test: readonly [string, ...string[]] };
}

/** The built image. */
export interface Image {
  /** The folder that has its files. */
  readonly tree: string;
  readonly config: ImageConfig;
}

/** A process in an image. */
export interface Contained {
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  /** SIGTERM to the command, which is process 1 there. */
  stop(): Promise<void>;
  /** At once, with all that it started; nothing when it has ended. */
  kill(): void;
}

const scripts = join(import.meta.dirname, "image");
const folder = join(cacheDirectory, "image");
const stamp = join(folder, "ingredients");

/** Builds the Dockerfile unless nothing that it copies has changed since it was built. */
export async function buildImage(): Promise<Image> {
  const ingredients = hashOfIngredients();
  if ((await readFile(stamp, "utf8").catch(() => "")) !== ingredients) {
    const node = process.execPath;
    const built = await end(
      spawn(join(scripts, "build.sh"), [repositoryRoot, paths.imageBase, node, folder], { stdio: "pipe" }),
    );
    if (built.code !== 0) throw new Error(`the image cannot be built: ${built.stdout}${built.stderr}`);
    await writeFile(stamp, ingredients);
  }
  const { Docker } = JSON.parse(await readFile(join(folder, "image.json"), "utf8")) as {
    readonly Docker: { readonly config: ImageConfig };
  };
  return { tree: join(folder, "tree"), config: Docker.config };
}

/** Runs a command in an image as its user, on a read-only root file system; `libvirt` is its /run/libvirt. */
export function runInImage(
  { tree, config }: Image,
  command: readonly string[],
  { libvirt, environment = [] }: { readonly libvirt: string; readonly environment?: readonly string[] },
): Contained {
  const own = ["--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--propagation", "private"];
  const env = [...config.Env, ...environment];
  const child = spawn(
    "/usr/bin/unshare",
    [...own, join(scripts, "run.sh"), tree, libvirt, config.User, ...env, "--", ...command],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  return {
    ended: end(child),
    kill: () => void child.kill("SIGKILL"),
    stop: async () => {
      const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
      process.kill(Number(children.trim()), "SIGTERM");
    },
  };
}

async function end(child: ChildProcess): Contained["ended"] {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new TypeError("a process without its output");
  const [out, err] = await Promise.all([text(stdout), text(stderr), once(child, "close")]);
  return { code: child.exitCode, stdout: out, stderr: err };
}

function hashOfIngredients(): string {
  const copied = ["Dockerfile", "package*.json", "tsconfig*.json", "LICENSE", "config/container.yaml"];
  const trees = ["scripts/**", "src/**", "proto/**", "test/real/bed/image/*.sh"];
  const hash = createHash("sha256");
  for (const path of globSync([...copied, ...trees], { cwd: repositoryRoot }).toSorted()) {
    const file = join(repositoryRoot, path);
    if (statSync(file).isFile()) hash.update(path).update(readFileSync(file));
  }
  return hash.digest("hex");
}
