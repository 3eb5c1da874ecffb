// The language of a page whose texts stand in it in both: the reader's own, until another is chosen.
{
  const language = document.getElementById("language");
  const speak = (name) => {
    root.lang = name;
    language.textContent = name === "ko" ? "English" : "한국어";
    language.lang = name === "ko" ? "en" : "ko";
    document.getElementById("theme").title = name === "ko" ? "밝게 또는 어둡게" : "Light or dark";
    document.querySelectorAll("time").forEach((time) => {
      const moment = new Date(Number(time.dataset.milliseconds));
      time.textContent = moment.toLocaleString(name === "ko" ? "ko-KR" : "en-GB");
    });
  };
  speak(kept("language") || (navigator.language.startsWith("ko") ? "ko" : "en"));
  language.addEventListener("click", () => {
    const next = root.lang === "ko" ? "en" : "ko";
    kept("language", next);
    speak(next);
  });
}
