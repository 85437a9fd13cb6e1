// Clientside callbacks, as functions of an own file: the policy allows no inline script.
(function () {
  const NONE = () => dash_clientside.no_update;
  const CHOICES = ["tier", "term", "purpose", "state", "model"];
  const MANY = CHOICES;
  const DEFAULTS = { period: "12m", compare: "year" };
  const triggered = () => dash_clientside.callback_context.triggered.map((t) => t.prop_id);
  let saidBefore = null;
  // Tells this page's questions from another viewer's, so that the server may leave outdated ones.
  const VIEWER = Math.random().toString(36).slice(2);

  const fromUrl = (search) => {
    const query = new URLSearchParams(search || "");
    const state = {
      period: query.get("period") || DEFAULTS.period,
      compare: query.get("compare") || DEFAULTS.compare,
    };
    MANY.forEach((name) => (state[name] = query.getAll(name).sort()));
    return state;
  };
  const toUrl = (state) => {
    const query = new URLSearchParams();
    Object.keys(DEFAULTS).forEach((name) => {
      if (state[name] && state[name] !== DEFAULTS[name]) query.set(name, state[name]);
    });
    MANY.forEach((name) => [...(state[name] || [])].sort().forEach((v) => query.append(name, v)));
    const text = query.toString().replace(/%3A/g, ":");
    return text ? "?" + text : "";
  };

  // The grid's library is large: only the page that shows a grid waits for it.
  const withGrid = () =>
    new Promise((resolve, reject) => {
      if (window.dash_ag_grid) return resolve();
      const script = document.createElement("script");
      script.src = document.querySelector("meta[name=grid-library]").content;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
  // What a card's own buttons ask for.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-ask]");
    if (!button) return;
    const { ask, card } = button.dataset;
    dash_clientside.set_props("asked-" + ask, { data: { card, at: Date.now() } });
  });

  const ui = {
    // The URL's query and the controls say the same: whichever was touched leads.
    filters: function (search, clear, ...values) {
      const names = ["period", "compare", ...CHOICES];
      const by = triggered();
      const cleared = by.some((p) => p === "clear.n_clicks");
      const leads = cleared || by.length === 0 || by.some((p) => p === "url.search" || p === ".");
      let state = cleared ? fromUrl("") : fromUrl(search);
      if (!leads) names.forEach((name, i) => (state[name] = values[i] || DEFAULTS[name] || []));
      const text = toUrl(state);
      const said = JSON.stringify(state);
      const same = said === saidBefore;
      saidBefore = said;
      const shown = names.map((name) => (leads ? state[name] : NONE()));
      // Other keys of the query (a page's own state) stay.
      const own = new URLSearchParams(search || "");
      [...names].forEach((name) => own.delete(name));
      const rest = own.toString();
      const query = text && rest ? text + "&" + rest : text || (rest ? "?" + rest : "");
      state.viewer = VIEWER;
      return [same ? NONE() : state, query === (search || "") ? NONE() : query, ...shown];
    },
    // A page is asked for once the filters and the scheme are known: it comes with its cards.
    route: function (path, filters, scheme, shown) {
      if (!filters || !scheme || path === shown) return NONE();
      return path.startsWith("/watchlist") ? withGrid().then(() => path) : path;
    },
    periods: function (value, options) {
      const known = options || [];
      const custom = /^\d{4}-\d{2}:\d{4}-\d{2}$/.test(value || "");
      const own = known.filter((o) => !/^\d{4}-\d{2}:/.test(o.value));
      if (!custom) return own.length === known.length ? NONE() : own;
      const [first, last] = value.split(":");
      const name = (m) => new Date(m + "-01T00:00:00Z").toLocaleString("en", { month: "short", year: "numeric", timeZone: "UTC" });
      const label = first === last ? name(first) : name(first) + " \u2013 " + name(last);
      return [...own, { value, label }];
    },
    nav: function (path, search, ids) {
      const at = (path || "/").startsWith("/application") ? "/watchlist" : path || "/";
      const filters = toUrl(fromUrl(search));
      const isOn = (href) => (href === "/" ? at === "/" : at.startsWith(href));
      document.querySelectorAll(".nav-link").forEach((a) => {
        if (isOn(new URL(a.href).pathname)) a.setAttribute("aria-current", "page");
        else a.removeAttribute("aria-current");
      });
      return [ids.map((i) => "nav-link" + (isOn(i.nav) ? " on" : "")), ids.map((i) => i.nav + filters)];
    },
    scheme: function (clicks, now) {
      const root = document.documentElement;
      let scheme = root.getAttribute("data-mantine-color-scheme") === "dark" ? "dark" : "light";
      if (triggered().some((p) => p === "toggle-scheme.n_clicks") && clicks) {
        scheme = scheme === "dark" ? "light" : "dark";
        localStorage.setItem("mantine-color-scheme-value", scheme);
      }
      root.setAttribute("data-ag-theme-mode", scheme);
      root.setAttribute("data-mantine-color-scheme", scheme);
      return [scheme, scheme, "icon icon-" + (scheme === "dark" ? "moon" : "sun")];
    },
    pause: function (clicks, paused) {
      const now = clicks ? !paused : paused || false;
      return [now, "icon icon-" + (now ? "play" : "pause"), now ? "Go on with live updates" : "Pause live updates"];
    },
    // Lets cards be asked again only when they have answered, so that no answer overtakes another.
    gate: function (pulse, busy, paused, shown) {
      const isDue = (tick) => pulse && !paused && tick !== null && Math.floor(tick || 0) !== pulse.number;
      return shown.map((tick, i) => (isDue(tick || 0) && !busy[i] ? pulse.number : NONE()));
    },
    // Asks again for the same data: a little more than the number that was shown.
    retry: (clicks, shown) => shown.map((tick) => (clicks.some(Boolean) ? (tick || 0) + 0.0001 : NONE())),
    // What had no answer in time is asked for once more; all of it, where the choices have changed.
    late: function (late, filters, scheme) {
      if (!late || !late.keys) return NONE();
      const same = late.scheme === scheme && JSON.stringify(late.said) === JSON.stringify(filters);
      const owed = same ? late.keys : late.all;
      return owed.length ? owed : NONE();
    },
    freshness: function (pulse, paused) {
      if (!pulse) return [NONE(), NONE(), NONE()];
      const level = paused ? "idle" : pulse.level;
      return [paused ? "Paused" : pulse.said, "dot " + level, pulse.versions];
    },
    zoom: function (moved, kept) {
      if (!moved) return NONE();
      const next = Object.assign({}, kept || {});
      let changed = false;
      Object.keys(moved).forEach((name) => {
        const at = name.match(/^([xy]axis\d*)\.(range|autorange)(?:\[(\d)\])?$/);
        if (!at) return;
        const [, axis, what, end] = at;
        if (what === "autorange") { delete next[axis]; changed = true; }
        else if (end !== undefined) { next[axis] = [...(next[axis] || [null, null])]; next[axis][Number(end)] = moved[name]; changed = true; }
        else if (Array.isArray(moved[name])) { next[axis] = moved[name]; changed = true; }
      });
      return changed ? next : NONE();
    },
    // Cut-offs: sliders, numbers, reset and the URL's `cut` say the same.
    cuts: function (reset, ...all) {
      const keys = ["pd", "dti", "util", "inq"];
      const today = { pd: 60, dti: 30, util: 80, inq: 2 };
      const search = all[9];
      const query = new URLSearchParams(search || "");
      const fromQuery = () => {
        const said = (query.get("cut") || "").split(",").map(Number);
        const now = Object.assign({}, today);
        if (said.length === 4 && said.every((v) => Number.isFinite(v) && v > 0)) keys.forEach((k, i) => (now[k] = said[i]));
        return now;
      };
      const by = triggered();
      const was = all[8];
      let now = was ? Object.assign({}, was) : fromQuery();
      if (by.some((p) => p === "cut-reset.n_clicks") && reset) now = Object.assign({}, today);
      else if (was) {
        keys.forEach((key, i) => {
          if (by.includes(`cut-${key}.value`)) now[key] = all[i];
          if (by.includes(`cut-${key}-n.value`) && typeof all[4 + i] === "number") now[key] = all[4 + i];
        });
      }
      const same = was && keys.every((key) => now[key] === was[key]);
      const isToday = keys.every((key) => now[key] === today[key]);
      if (isToday) query.delete("cut");
      else query.set("cut", keys.map((key) => now[key]).join(","));
      const text = query.toString().replace(/%3A/g, ":").replace(/%2C/g, ",");
      const next = text ? "?" + text : "";
      return [
        same ? NONE() : now,
        next === (search || "") ? NONE() : next,
        ...keys.map((key, i) => (all[i] === now[key] ? NONE() : now[key])),
        ...keys.map((key, i) => (all[4 + i] === now[key] ? NONE() : now[key])),
      ];
    },
    month: function (clicked, search) {
      if (!clicked) return NONE();
      const month = String(clicked.points[0].x).slice(0, 7);
      return toUrl(Object.assign(fromUrl(search), { period: month + ":" + month }));
    },
    cell: (clicked) => (clicked && "z" in clicked.points[0] ? [clicked.points[0].y, clicked.points[0].x] : NONE()),
    // A click on a row of the grid opens its application.
    open: function (clicked, search) {
      if (!clicked || !clicked.rowId) return [NONE(), NONE()];
      return ["/application/" + encodeURIComponent(clicked.rowId), toUrl(fromUrl(search))];
    },
    copy: function (clicks) {
      if (clicks && navigator.clipboard) navigator.clipboard.writeText(location.href);
      return clicks ? "icon icon-check" : NONE();
    },
    refill: function () {
      try {
        dash_ag_grid.getApi("watchlist-grid").purgeInfiniteCache();
      } catch (missing) {
        // The page has no grid.
      }
      return NONE();
    },
  };
  window.dash_clientside = Object.assign({}, window.dash_clientside, { ui });

  const thin = (text) => text.replace(/,/g, "\u202f");
  window.dashAgGridFunctions = Object.assign({}, window.dashAgGridFunctions, {
    percent: (v) => (v === null || v === undefined ? "" : (v * 100).toFixed(1) + "%"),
    whole: (v) => (v === null || v === undefined ? "" : thin(Math.round(v).toLocaleString("en"))),
    tenth: (v) => (v === null || v === undefined ? "" : thin(v.toLocaleString("en", { maximumFractionDigits: 2 }))),
    words: (v) => (v === null || v === undefined ? "" : String(v).replace(/_/g, " ")),
  });
})();
