/** What a receiver of webhooks does with the library of Standard Webhooks, and what it has to refuse. */
import { Webhook } from "standardwebhooks";

const { key, body, headers } = JSON.parse(process.argv[2]);
const receiver = new Webhook(key);

function refused(what, act) {
  try {
    act();
  } catch (error) {
    if (error.name === "WebhookVerificationError") return;
    throw error;
  }
  throw new Error(`${what} was taken`);
}

const event = receiver.verify(body, headers);
if (event.words !== "村口路灯不亮") throw new Error(`it reads ${JSON.stringify(event)}`);
const hourAgo = String(Number(headers["webhook-timestamp"]) - 3600);
refused("another body", () => receiver.verify(`${body} `, headers));
refused("another id", () => receiver.verify(body, { ...headers, "webhook-id": "another" }));
refused("an old request", () => receiver.verify(body, { ...headers, "webhook-timestamp": hourAgo }));
refused("another key", () => new Webhook(`whsec_${btoa("another")}`).verify(body, headers));
