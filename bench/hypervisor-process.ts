import { startSimulator } from "../src/simulator/index.ts";
import { SHAPE } from "./children.ts";

const [socketPath = "", domains = ""] = process.argv.slice(2);
const { uri } = await startSimulator({ socketPath, domains: Number(domains), shape: SHAPE });
process.on("disconnect", () => process.exit());
process.send?.(uri);
