// What every page has: the theme switch, "show password", menus that close, the browser's own time zone.

const root = document.documentElement;
const choices = document.querySelectorAll<HTMLButtonElement>("[data-theme-choice]");

function showTheme(): void {
  for (const choice of choices) choice.setAttribute("aria-pressed", String(choice.dataset.themeChoice === (root.dataset.theme ?? "system")));
}

for (const group of document.querySelectorAll<HTMLElement>("[data-themes]")) group.hidden = false;
for (const choice of choices) {
  choice.addEventListener("click", () => {
    const theme = choice.dataset.themeChoice ?? "system";
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    localStorage.setItem("theme", theme);
    document.dispatchEvent(new Event("themechange"));
    showTheme();
  });
}
showTheme();

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal ?? "") as HTMLInputElement;
  button.hidden = false;
  button.addEventListener("click", () => {
    const reveal = field.type === "password";
    field.type = reveal ? "text" : "password";
    button.textContent = (reveal ? button.dataset.hide : button.dataset.show) ?? "";
  });
}

for (const field of document.querySelectorAll<HTMLInputElement>("[data-own-zone]")) {
  field.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone;
}

// A form that a script does not take itself is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const button = (event.target as HTMLFormElement).querySelector<HTMLButtonElement>("button:not([type=button])");
  if (button?.getAttribute("aria-busy") === "true") event.preventDefault();
  button?.setAttribute("aria-busy", "true");
});

function closeMenus(except?: Node | null): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (!except || !menu.contains(except)) menu.open = false;
  }
}

document.addEventListener("click", (event) => closeMenus(event.target as Node));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest<HTMLDetailsElement>("details.menu[open]");
  closeMenus();
  menu?.querySelector("summary")?.focus();
});

// A page that comes back out of the browser's memory is ready again.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form button[aria-busy]")) button.removeAttribute("aria-busy");
});
