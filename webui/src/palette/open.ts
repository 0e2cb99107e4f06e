// Opens the command palette by Ctrl K or its button; what is in it is loaded when it is first wanted.

async function open(): Promise<void> {
  const { palette } = await import("./palette.ts");
  palette.open();
}

export function offerPalette(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-palette]")) {
    button.hidden = false;
    button.addEventListener("click", () => void open());
  }
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    void open();
  });
}
