// Runs in every document before anything of its own, and notes whatever a
// payload could do to be noticed.
(() => {
  const executed = [];
  Object.defineProperty(globalThis, "executed", { value: executed });
  const note = (name) => function (...args) {
    executed.push(`${name}(${args.map(String).join(", ").slice(0, 200)})`);
  };
  for (const name of ["alert", "confirm", "prompt", "print", "open", "fetch", "importScripts", "eval", "WebSocket", "EventSource", "Worker", "SharedWorker"]) {
    globalThis[name] = note(name);
  }
  XMLHttpRequest.prototype.open = note("XMLHttpRequest.open");
  Navigator.prototype.sendBeacon = note("sendBeacon");
  HTMLFormElement.prototype.submit = note("submit");
  document.write = note("document.write");
})()
