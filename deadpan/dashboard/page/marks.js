// Moments a person has marked in, their list and files for elsewhere out.

import { clock } from "./chart.js";
import { $, plain } from "./readouts.js";

export function mark(memory, t, seek) {
  memory.marks.push({ t, note: "" });
  memory.marks.sort((a, b) => a.t - b.t);
  showMarks(memory, seek);
}

export function showMarks(memory, seek) {
  $("marked").hidden = !memory.marks.length;
  $("marks").replaceChildren(...memory.marks.map((each, n) => {
    const item = document.createElement("li");
    const go = plain("button", clock(each.t));
    go.setAttribute("aria-label", `go to mark ${n + 1}`);
    go.onclick = () => seek(each.t + 2);
    const note = Object.assign(document.createElement("input"), { value: each.note, placeholder: "note" });
    note.setAttribute("aria-label", `note of mark ${n + 1}`);
    note.oninput = () => { each.note = note.value; };
    const away = plain("button", "remove");
    away.onclick = () => { memory.marks.splice(memory.marks.indexOf(each), 1); showMarks(memory, seek); };
    item.append(go, " ", note, " ", away);
    return item;
  }));
}

function save(name, type, parts) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function exportMessages(memory) {
  save(`deadpan-${memory.session}.jsonl`, "application/x-ndjson", memory.bodies.map((body) => `${body}\n`));
}

export function exportMarks(memory) {
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  const rows = memory.marks.map((each) => [memory.session, each.t.toFixed(3), quoted(each.note)].join(","));
  save(`deadpan-${memory.session}-marks.csv`, "text/csv", [["session,seconds,note", ...rows].join("\n"), "\n"]);
}
