/** The panel's looks, as a constructable sheet: a strict CSP allows it. Custom properties `--rl-*` can be set from outside. */
export const STYLE = `
:host { display: block; container-type: inline-size; color-scheme: light dark; font: 14px/1.4 var(--rl-font, system-ui, sans-serif);
  --text: #1f2328; --dim: #55595e; --base: #fff; --line: #d9dde1; --field: #fff;
  --go: #0b6b3a; --go-text: #fff; --stop: #b3261e; --stop-text: #fff; --focus: #0842a0;
  --ready: #0b6b3a; --ready-band: #e6f4ea; --not: #55595e; --not-band: #eef0f2; --ring: #7a3e00; --ring-band: #fff1d6;
  --talk: #0842a0; --talk-band: #e8f0fe; --held: #5b2a91; --held-band: #f3e8fd; --wrap: #6b4f00; --wrap-band: #fff8e1;
  --lost: #8c1d18; --lost-band: #fce8e6; }
@media (prefers-color-scheme: dark) { :host {
  --text: #e8eaed; --dim: #a9afb6; --base: #17191c; --line: #3a3f45; --field: #202327;
  --go: #7ee2a8; --go-text: #0a2416; --stop: #f9b4ae; --stop-text: #3a1210; --focus: #a8c7fa;
  --ready: #7ee2a8; --ready-band: #10291c; --not: #c4c9ce; --not-band: #2a2d31; --ring: #ffcf87; --ring-band: #33230a;
  --talk: #a8c7fa; --talk-band: #0e2340; --held: #d9b8ff; --held-band: #281640; --wrap: #ffe08a; --wrap-band: #2e2606;
  --lost: #f9b4ae; --lost-band: #3a1210; } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.panel { background: var(--base); color: var(--text); border: 1px solid var(--line); border-radius: var(--rl-radius, 12px); overflow: hidden; }
.line { display: flex; align-items: baseline; gap: 8px; min-width: 0; }
.icon { flex: none; min-inline-size: 1.3em; text-align: center; }
.word { flex: none; }
.timer { flex: none; font-variant-numeric: tabular-nums; }
.who, .queue, .note-of, .fill, .action bdi { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.who, .queue { margin-inline-start: auto; font-size: 13px; }
.agent { --ink: var(--not); --band: var(--not-band); padding: 10px 12px; background: var(--band); color: var(--ink); }
.agent[data-state=ready] { --ink: var(--ready); --band: var(--ready-band); }
.agent[data-state=busy] { --ink: var(--talk); --band: var(--talk-band); }
.agent[data-state=wrap_up] { --ink: var(--wrap); --band: var(--wrap-band); }
.agent .word { font-size: 16px; }
.why { min-height: 1.4em; padding-inline-start: calc(1.3em + 8px); font-size: 13px; overflow-wrap: anywhere; }
.actions { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 6px; }
.action { min-height: 34px; padding: 4px 12px; border-radius: 8px; border: 1px solid var(--line); background: var(--field); color: var(--text);
  max-inline-size: 100%; font: inherit; font-weight: 600; cursor: pointer; }
.action.go { background: var(--go); color: var(--go-text); border-color: var(--go); }
.action.stop { background: var(--stop); color: var(--stop-text); border-color: var(--stop); margin-inline-start: auto; }
.action.big { flex: 1 0 auto; white-space: nowrap; min-height: 44px; font-size: 16px; }
.action.big.go { flex-grow: 2; }
.action.quiet { border-color: transparent; background: transparent; font-weight: 500; }
.agent .action.quiet { margin-inline-start: auto; padding-inline: 6px; color: inherit; }
.agent:is([data-state=ready], [data-state=busy], [data-state=unknown]) .action.go { background: var(--field);
  color: var(--text); border-color: var(--line); }
.action[aria-pressed=true] { background: var(--ink, var(--text)); color: var(--band, var(--base)); border-color: var(--ink, var(--text)); }
.agent .action[aria-pressed=true], .agent .action.go[aria-pressed=true] { background: transparent; color: var(--ink); border-color: var(--ink);
  box-shadow: inset 0 0 0 1px var(--ink); }
.agent .action[aria-pressed=true] .label::before { content: "✓ "; content: "✓ " / ""; }
.action:not([aria-disabled=true], [aria-pressed=true]):hover { filter: brightness(.95); }
.action[aria-disabled=true], .agent .action.go[aria-disabled=true] { background: transparent; color: var(--dim); border: 1px dashed color-mix(in srgb, currentColor 45%, transparent);
  box-shadow: none; cursor: not-allowed; font-weight: 500; filter: none; }
.agent .action[aria-disabled=true] { color: inherit; }
.action[aria-busy=true] { cursor: progress; opacity: .75; }
.action[aria-busy=true] .label::after { content: "…"; content: "…" / ""; }
.action:focus-visible, input:focus-visible, textarea:focus-visible, select:focus-visible, summary:focus-visible { outline: 3px solid var(--focus); outline-offset: 1px; }
.health { display: flex; align-items: center; gap: 8px; min-height: 34px; padding: 2px 12px; font-size: 13px; color: var(--dim);
  border-block: 1px solid var(--line); }
.health::before { content: ""; flex: none; inline-size: 8px; block-size: 8px; border-radius: 50%; background: currentColor; }
.health[data-level=ok]::before { background: var(--ready); }
.health[data-level=quiet]::before { background: none; border: 2px solid currentColor; }
.health[data-level=warn] { background: var(--wrap-band); color: var(--wrap); }
.health[data-level=bad] { background: var(--lost-band); color: var(--lost); font-weight: 600; }
.health[data-level=bad]::before, .health[data-level=warn]::before { border-radius: 0; }
.health-text { flex: 1; }
.health .action { min-height: 32px; white-space: nowrap; padding: 0 10px; font-size: 13px; }
.row { display: flex; flex-wrap: wrap; gap: 6px; margin: 8px 0 0; }
.dial { margin: 0; padding: 10px 12px 0; flex-wrap: nowrap; }
input, select, textarea { min-height: 34px; max-inline-size: 100%; padding: 4px 10px; border-radius: 8px; border: 1px solid var(--dim);
  background: var(--field); color: var(--text); font: inherit; }
input { flex: 1; min-width: 0; }
.row:not(.dial) input { flex-basis: 100%; }
.problem { padding: 2px 12px; min-height: 1.7em; font-size: 13px; color: var(--lost); overflow-wrap: anywhere; }
.problem[data-level=info] { color: var(--dim); }
.calls { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; padding: 0 12px 12px; min-height: 168px; align-content: start; }
.idle { display: grid; place-content: center; min-height: 168px; padding: 12px; border: 1px dashed var(--line); border-radius: 10px; color: var(--dim);
  text-align: center; }
.call { --ink: var(--not); --band: var(--not-band); min-height: 168px; padding: 10px 12px 12px; border-radius: 10px; background: var(--band);
  border-inline-start: 4px solid var(--ink); }
.call[data-leg=alerting] { --ink: var(--ring); --band: var(--ring-band); border: 2px solid var(--ink); overflow: clip; }
.call[data-leg=connected] { --ink: var(--talk); --band: var(--talk-band); }
.call[data-leg=hold] { --ink: var(--held); --band: var(--held-band); }
.call[data-leg=fail] { --ink: var(--lost); --band: var(--lost-band); }
.band { color: var(--ink); }
.call[data-leg=alerting] .band { margin: -10px -12px 8px; padding: 6px 12px; background: var(--ink); color: var(--ring-band); }
.call[data-leg=alerting] .name { font-size: 22px; }
.call .timer { font-size: 16px; font-weight: 600; }
.party { margin: 6px 0 8px; }
.name { display: block; font-size: 18px; font-weight: 650; line-height: 1.25; overflow-wrap: anywhere; }
.number { display: block; min-height: 1.4em; font-variant-numeric: tabular-nums; color: var(--text); overflow-wrap: anywhere; }
.hears { margin: 0 0 8px; font-weight: 600; overflow-wrap: anywhere; }
.action bdi { display: inline-block; max-inline-size: 14ch; vertical-align: bottom; }
.handed { display: grid; grid-template-columns: minmax(0, 1fr); gap: 4px; margin-top: 10px; padding: 6px 10px; border-radius: 8px; background: var(--base); overflow-wrap: anywhere; }
.handed p { margin: 0; }
.handed-from { font-weight: 600; }
.prose { white-space: pre-wrap; }
.handed table { border-collapse: collapse; table-layout: fixed; inline-size: 100%; }
.handed :is(th, td) { padding: 2px 8px 2px 0; text-align: start; vertical-align: top; border-block-start: 1px solid var(--line); }
.handed th { inline-size: 35%; font-weight: 500; color: var(--dim); }
.handed ol { margin: 4px 0 0; padding: 0; list-style: none; display: grid; gap: 6px; }
.handed li { color: var(--dim); font-size: 13px; } .handed li p { color: var(--text); font-size: 14px; }
summary { min-height: 28px; padding-block: 4px; cursor: pointer; color: var(--dim); }
.notes { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; padding: 0 12px 8px; }
.note-field label { display: flex; gap: 6px; font-weight: 600; min-width: 0; }
.note-of { font-weight: 400; }
.note-field .line { flex-wrap: wrap; min-height: 34px; align-items: center; justify-content: space-between; font-size: 13px; color: var(--dim); }
.note-status[data-status=review], .note-status[data-status=offline] { color: var(--lost); font-weight: 600; }
textarea { display: block; inline-size: 100%; margin-block: 2px 4px; resize: vertical; }
.tray { list-style: none; margin: 0; padding: 0 12px; }
.tray:empty { display: none; }
.tray .line { align-items: center; min-height: 40px; font-size: 13px; }
.fill { flex: 1; }
.tray .fill { max-block-size: 2.8em; white-space: normal; overflow-wrap: anywhere; }
.tray .action { min-height: 32px; padding: 0 10px; font-size: 13px; }
.panel[data-stale=true] :is(.calls, .agent) { filter: grayscale(1); }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: no-preference) {
  .call[data-leg=alerting] .icon { animation: ring 1.2s ease-in-out infinite; }
  @keyframes ring { 50% { opacity: .25; } }
  .call[data-leg=alerting] { animation: glow 1.6s ease-in-out infinite; }
  @keyframes glow { 50% { box-shadow: 0 0 0 4px color-mix(in srgb, var(--ink) 28%, transparent); } } }
@container (max-width: 330px) { .action { padding-inline: 8px; } }
@media (forced-colors: active) {
  .action[aria-disabled=true] { color: GrayText; border-color: GrayText; }
  .action[aria-pressed=true] { forced-color-adjust: none; background: Highlight; color: HighlightText; }
  .call { border: 2px solid CanvasText; } .call[data-leg=alerting] .band { background: Canvas; color: CanvasText; } .health::before { forced-color-adjust: none; background: CanvasText; } }
`;
