// The server's WebSocket in, messages and the state of the contact out. Tries again, ever more slowly, when it is lost.

const TYPES = "welcome,estimate,utterance,transcript,event,health,sketch";
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 4000;
const SILENCE_MS = 3000;
const GOING_AWAY = 1001;     // RFC 6455: the server goes, and says so

export function follow(address, { message, contact }) {
  let retryMs = FIRST_RETRY_MS;
  let heardMs = 0;
  let session = null;
  let isOver = false;       // its recording has ended
  let hasLeft = false;      // its server has said goodbye

  function connect() {
    const socket = new WebSocket(`${address}/ws?types=${TYPES}`);
    socket.onopen = () => {
      retryMs = FIRST_RETRY_MS;
      hasLeft = false;
      heardMs = performance.now();
      contact("waiting");
    };
    socket.onmessage = (frame) => {
      const body = JSON.parse(frame.data);
      heardMs = performance.now();
      if (body.session !== session) {
        session = body.session;
        isOver = false;
      }
      isOver ||= body.type === "event" && body.name === "source_ended";
      contact(isOver ? "ended" : "live");
      message(body, frame.data, heardMs);
    };
    socket.onclose = ({ code }) => {
      hasLeft ||= code === GOING_AWAY;
      contact(isOver ? "ended" : hasLeft ? "left" : "lost");
      setTimeout(connect, retryMs);
      retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
    };
    const watch = setInterval(() => {
      if (socket.readyState === WebSocket.CLOSED) clearInterval(watch);
      else if (socket.readyState === WebSocket.OPEN && performance.now() - heardMs > SILENCE_MS) contact(isOver ? "ended" : "silent");
    }, 500);
  }
  connect();
}
