// Owns light and dark: the system's choice, or the person's, which a cookie tells the server.

const NAME = "chartkey-theme";

/** Whether the page is dark now. */
export function isDark() {
  const chosen = document.documentElement.dataset.bsTheme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Turns light to dark, and back. */
export function turnTheme() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.bsTheme = theme;
  document.cookie = `${NAME}=${theme}; Path=/; Max-Age=31536000; SameSite=Strict`;
}
