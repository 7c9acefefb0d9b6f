// Keeps the page itself, so that it opens without a connection and says plainly that judging
// needs one. No answer is ever kept: an old VALID must not be shown as a new one.
const CACHE = "elicense-page-2";
const SHELL = ["/", "/page/page.css", "/page/page.js", "/page/words.json", "/page/icon.svg"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then((names) =>
      Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))),
  );
  self.clients.claim();
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (!SHELL.includes(url.pathname)) return;
  event.respondWith(
    fetch(event.request).then((answer) => {
      const copy = answer.clone();
      event.waitUntil(caches.open(CACHE).then((cache) => cache.put(event.request, copy)));
      return answer;
    }).catch(() => caches.match(event.request, { ignoreSearch: true })),
  );
});
