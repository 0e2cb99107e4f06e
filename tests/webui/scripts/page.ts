// What the scripts find in a page, for those that are tried without a browser.

const start = {
  factory: 1,
  timeZone: "Europe/Berlin",
  language: "en",
  icons: "",
  mayAcknowledge: false,
  texts: { age: { s: "{n} s", min: "{n} min", h: "{n} h", d: "{n} d" } },
};

Object.assign(globalThis, { document: { getElementById: () => ({ textContent: JSON.stringify(start) }) } });
