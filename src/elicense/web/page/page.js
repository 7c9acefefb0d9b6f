// The inspector's page. Everything shown comes from the service's answers and is set as text,
// never as markup. Nothing is kept but the language.
const $ = (id) => document.getElementById(id);
const SIGNS = { VALID: "✓", INVALID: "✕", INDETERMINATE: "?" };
const MARKS = { FAIL: "✕", UNKNOWN: "?", WARN: "!", PASS: "✓", SKIPPED: "–" };
const ORDER = ["FAIL", "UNKNOWN", "WARN"];
let words = {};
let language = (localStorage.getItem("language") || navigator.language || "zh").startsWith("zh") ? "zh" : "en";
let last = null;  // repeats the last task, in the other language too
let staff = { login: false, subject: null };  // who is logged in
let failed = "";  // why a log-in was not

function say(key) { return words[language][key] ?? key; }

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function speak() {
  document.documentElement.lang = language === "zh" ? "zh" : "en";
  document.title = `${say("title")} · elicense`;
  for (const item of document.querySelectorAll("[data-word]")) item.textContent = say(item.dataset.word);
  $("language").textContent = say("other");
  $("language").lang = language === "zh" ? "en" : "zh";
  fillTypes();
  tellStaff();
}

// -- asking -------------------------------------------------------------------------------

async function ask(path, options = {}) {
  let answer;
  if (staff.csrf && options.method === "POST" && !options.headers?.Authorization) {
    options = { ...options, headers: { ...options.headers, "X-CSRF-Token": staff.csrf } };
  }
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error(say("network"));
  }
  const text = await answer.text();
  let body = null;
  try { body = JSON.parse(text); } catch { /* a report as a page */ }
  if (!answer.ok) {
    const faults = (body?.faults || []).map((fault) => `${fault.field}: ${fault.detail}`);
    throw new Error([body?.title || String(answer.status), body?.detail, ...faults].filter(Boolean).join(" · "));
  }
  return body ?? text;
}

async function run(task, wait) {
  last = { task, wait };
  const busy = $("busy");
  busy.textContent = say(wait);
  busy.hidden = false;
  $("result").hidden = true;
  try {
    show(...await task());
  } catch (error) {
    show(element("p", { class: "note", role: "alert" }, `${say("failed")}: ${error.message}`));
  } finally {
    busy.hidden = true;
  }
}

function show(...content) {
  const result = $("result");
  result.replaceChildren(...content);
  result.hidden = false;
  result.focus({ preventScroll: true });
  result.scrollIntoView({ block: "start" });
}

// -- showing ------------------------------------------------------------------------------

function banner(verdict, why) {
  return element("div", { class: `verdict ${verdict}` },
    element("span", { class: "sign", "aria-hidden": "true" }, SIGNS[verdict]),
    element("div", {}, element("h2", {}, say(verdict)), element("p", {}, why)));
}

function findings(list) {
  return element("ul", { class: "findings" }, ...list.map((item) =>
    element("li", { class: item.outcome },
      element("span", { class: "mark", "aria-hidden": "true" }, MARKS[item.outcome]),
      item.message,
      item.advice ? element("span", { class: "advice" }, item.advice) : null)));
}

function pairs(rows) {
  const list = element("dl");
  for (const [name, value] of rows) {
    if (value) list.append(element("dt", {}, name), element("dd", {}, String(value)));
  }
  return list;
}

function licencePairs(licence) {
  if (!licence) return null;
  return pairs([
    [say("number"), licence.number], [say("holder"), licence.holder?.name],
    [say("issuer"), licence.issuer?.name], [say("validUntil"), licence.validity?.valid_until],
    [say("identifier"), licence.identifier],
  ]);
}

function telling(list) {
  return ORDER.flatMap((outcome) => list.filter((item) => item.outcome === outcome));
}

function reportParts(report) {
  const reasons = telling(report.findings);
  const passed = report.findings.filter((item) => item.outcome === "PASS");
  const trust = report.trust || {};
  return [
    banner(report.verdict, reasons.length && report.verdict !== "VALID" ? reasons[0].message : say("validNote")),
    trust.test ? element("p", { class: "note" }, say("test")) : null,
    report.container === "image" ? element("p", { class: "note" }, say("sheet")) : null,
    report.licence ? element("h2", {}, say("licence")) : null,
    licencePairs(report.licence),
    reasons.length ? element("h2", {}, say("reasons")) : null,
    reasons.length ? findings(reasons) : null,
    passed.length ? element("details", {},
      element("summary", {}, `${say("passed")} (${passed.length})`), findings(passed)) : null,
    trust.next_update ? element("p", { class: "quiet" },
      `${say("trustAge")}: ${trust.name} · ${say("until")} ${trust.next_update.slice(0, 10)}`) : null,
  ].filter(Boolean);
}

function saver(fetchPage, name) {
  const button = element("button", { type: "button" }, say("save"));
  button.addEventListener("click", async () => {
    try {
      const page = await fetchPage();
      const url = URL.createObjectURL(new Blob([page], { type: "text/html" }));
      const link = element("a", { href: url, download: `${name}.html` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    } catch (error) {
      button.after(element("p", { class: "note", role: "alert" }, error.message));
    }
  });
  return element("p", {}, button);
}

// -- a file ---------------------------------------------------------------------------------

function terms() {
  const found = new URLSearchParams({ lang: language, compared: $("compared").checked });
  const receiver = $("receiver").value.trim();
  if (receiver) found.set("receiver", receiver);
  return found.toString();
}

function verifyFile(file) {
  const body = () => { const form = new FormData(); form.append("file", file); return form; };
  const query = (form) => `/api/verify?form=${form}&${terms()}`;
  run(async () => {
    const report = await ask(query("json"), { method: "POST", body: body() });
    const save = saver(() => ask(query("html"), { method: "POST", body: body() }), file.name || "report");
    return [...reportParts(report), save];
  }, "busy");
}

function verifyCode(text) {
  run(async () => {
    const report = await ask(`/api/qr?${terms()}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text }),
    });
    return [...reportParts({ ...report, licence: report.licence }), element("p", { class: "note" }, say("sheet"))];
  }, "busy");
}

// -- the camera -----------------------------------------------------------------------------

let stream = null;

async function scan() {
  $("camera").hidden = false;
  const note = $("camera-note");
  if (!("BarcodeDetector" in window)) { note.textContent = say("cameraOld"); return; }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: 1920 } });
  } catch { note.textContent = say("cameraDenied"); return; }
  const video = $("video");
  video.srcObject = stream;
  await video.play();
  note.textContent = say("cameraHint");
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const look = async () => {
    if (!stream) return;
    const found = await detector.detect(video).catch(() => []);
    if (found.length) { stop(); verifyCode(found[0].rawValue); return; }
    setTimeout(look, 200);
  };
  look();
}

function stop() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  $("camera").hidden = true;
}

// -- a ship -----------------------------------------------------------------------------------

function fillTypes() {
  const select = $("ship-type");
  const chosen = select.value;
  const types = words.types || [];
  select.replaceChildren(element("option", { value: "" }, say("anyType")),
    ...types.map((type) => element("option", { value: type.code }, type[language])));
  select.value = chosen;
}

function inspect(event) {
  event.preventDefault();
  const ship = [["imo", $("imo").value], ["name", $("ship-name").value], ["type", $("ship-type").value], ["flag", $("flag").value.toUpperCase()]]
    .filter(([, value]) => value.trim()).map(([name, value]) => `${name}=${value.trim().replaceAll(",", " ")}`).join(",");
  const body = () => {
    const form = new FormData();
    for (const part of ["doc", "smc"]) if ($(part).files[0]) form.append(part, $(part).files[0]);
    return form;
  };
  const query = (form) => `/api/inspect-ship?lang=${language}&form=${form}&ship=${encodeURIComponent(ship)}`;
  run(async () => {
    const report = await ask(query("json"), { method: "POST", body: body() });
    const own = telling(report.findings);
    const cards = ["doc", "smc"].filter((part) => report[part]).map((part) => card(part, report[part]));
    const first = own[0] || telling(cards.flatMap((made) => made.list))[0];
    return [
      banner(report.verdict, report.verdict === "VALID" ? say("validNote") : first?.message || ""),
      own.length ? element("h2", {}, say("together")) : null, own.length ? findings(own) : null,
      element("div", { class: "cards" }, ...cards.map((made) => made.node)),
      saver(() => ask(query("html"), { method: "POST", body: body() }), "inspect-ship"),
    ].filter(Boolean);
  }, "busy");
}

function card(part, report) {
  const list = report.findings || [];
  const verdict = report.verdict || "INDETERMINATE";
  const node = element("div", { class: "card" },
    element("h2", {}, say(part), " ", element("span", { class: `tag ${verdict}` }, say(verdict))),
    report.error ? element("p", {}, `${say("unreadable")}: ${report.error.detail}`) : null,
    licencePairs(report.licence), findings(telling(list)));
  return { node, list };
}

// -- a query ----------------------------------------------------------------------------------

function query(event) {
  event.preventDefault();
  const by = $("query-by").value, value = $("query-value").value.trim();
  const purpose = `purpose=${encodeURIComponent($("purpose").value)}`;
  const headers = $("credential").value && !staff.subject ? { Authorization: `Bearer ${$("credential").value}` } : {};
  const paths = {
    identifier: `/api/query/${encodeURIComponent(value)}?${purpose}`,
    number: `/api/licences?number=${encodeURIComponent(value)}&${purpose}`,
    holder: `/api/licences?holder_code=${encodeURIComponent(value)}&${purpose}`,
  };
  run(async () => {
    const told = await ask(paths[by], { headers });
    const list = told.licences ?? (told.licence ? [told.licence] : []);
    const note = told.state === undefined ? null : element("p", { class: "note" },
      told.proven ? say("proven") : say("unsigned"), " ", told.note?.[language] || "");
    if (!list.length) return [note, element("p", {}, say("nothing"))].filter(Boolean);
    return [note, ...list.map(recordCard)].filter(Boolean);
  }, "asking");
}

function recordCard(item) {
  const standing = { "in-force": say("inForce"), expired: say("expired"), "not-yet": say("not-yet") };
  return element("div", { class: "card" }, pairs([
    [say("number"), item.number], [say("standing"), standing[item.standing] || item.state_zh || item.standing],
    [say("holder"), item.holder?.name], [say("validUntil"), item.valid_until],
    [say("identifier"), item.identifier], [say("successor"), item.successor],
  ]));
}

// -- the page ---------------------------------------------------------------------------------

function choose(tab) {
  for (const other of document.querySelectorAll("[role=tab]")) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  stop();
  $("result").hidden = true;
}

function keys(event) {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  choose(next);
  next.focus();
}

function connect() {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", keys);
  }
  for (const id of ["file", "photo"]) {
    $(id).addEventListener("change", () => { if ($(id).files[0]) verifyFile($(id).files[0]); $(id).value = ""; });
  }
  const drop = $("drop");
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files[0]) verifyFile(event.dataTransfer.files[0]);
    });
  }
  $("scan").addEventListener("click", scan);
  $("stop").addEventListener("click", stop);
  $("log-out").addEventListener("click", logOut);
  $("form-ship").addEventListener("submit", inspect);
  $("form-query").addEventListener("submit", query);
  $("form-file").addEventListener("submit", (event) => event.preventDefault());
  $("language").addEventListener("click", () => {
    language = language === "zh" ? "en" : "zh";
    localStorage.setItem("language", language);
    speak();
    if (last && !$("result").hidden) run(last.task, last.wait);
  });
  const connected = () => { $("offline").hidden = navigator.onLine; };
  window.addEventListener("online", connected);
  window.addEventListener("offline", connected);
  connected();
}

// -- who is logged in -------------------------------------------------------------------------

function tellStaff() {
  const known = Boolean(staff.subject);
  $("staff").hidden = !staff.login;
  $("log-in").hidden = known;
  $("log-out").hidden = !known;
  const until = known ? new Date(staff.until).toLocaleTimeString(language === "zh" ? "zh-CN" : "en-GB", { hour: "2-digit", minute: "2-digit" }) : "";
  $("staff-name").textContent = known ? `${say("loggedIn")}${staff.name} · ${say("until")} ${until}` : "";
  $("staff-name").hidden = !known;
  $("field-credential").hidden = known;
  $("login-failed").hidden = !failed;
  $("login-failed").textContent = failed ? `${say("loginFailed")}${words[language][`login-${failed}`] ?? say("login-provider")}` : "";
}

async function readStaff() {
  const told = new URLSearchParams(location.search).get("login");
  if (told !== null) {
    failed = told || "provider";
    history.replaceState(null, "", "/");  // said once, not again with every reload
  }
  try { staff = await ask("/api/staff"); } catch { /* without a service nobody is logged in */ }
  tellStaff();
}

async function logOut() {
  try {
    const told = await ask("/api/staff/logout", { method: "POST" });
    staff = { login: true, subject: null };
    $("result").hidden = true;
    $("result").replaceChildren();
    last = null;
    tellStaff();
    if (told.next) location.assign(told.next);
  } catch (error) {
    show(element("p", { class: "note", role: "alert" }, `${say("failed")}: ${error.message}`));
    await readStaff();
  }
}

async function begin() {
  words = await (await fetch("/page/words.json")).json();
  speak();
  connect();
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/worker.js").catch(() => {});
  try {
    const told = await ask("/api/health");
    $("service").textContent = `${told.authority} · ${told.region}`;
  } catch { $("offline").hidden = false; }
  await readStaff();
}

begin();
