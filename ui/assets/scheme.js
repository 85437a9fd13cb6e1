// Runs in the head, before anything is drawn: the scheme chosen last time, else the system's.
(function () {
  const chosen = localStorage.getItem("mantine-color-scheme-value");
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const scheme = chosen === "light" || chosen === "dark" ? chosen : isDark ? "dark" : "light";
  document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
  document.documentElement.setAttribute("data-ag-theme-mode", scheme);
})();
