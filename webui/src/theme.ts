// Runs before the page is painted: a chosen theme never flashes the other one, nor does a note for who has no scripts.
document.documentElement.classList.add("scripts");
const chosen = localStorage.getItem("theme");
if (chosen === "light" || chosen === "dark" || chosen === "contrast") document.documentElement.dataset.theme = chosen;
else if (!chosen && matchMedia("(prefers-contrast: more)").matches) document.documentElement.dataset.theme = "contrast";
