// What vl-convert does for the explorers, where Python runs in a page: the same Vega, called from Python. `make live` puts
// this file and the two packages, which vl-convert brings, into one script.
import * as vega from "vega";
import * as vegaLite from "vega-lite";

function shown(spec) {
  // Neither a page nor a canvas is there: the picture is text, and a word is as wide as Vega estimates.
  return new vega.View(vega.parse(spec), { renderer: "none" }).run();
}

function plain(item) {
  // Of a scene only what Python reads: groups, kinds of marks and texts.
  const { marktype, text, items } = item;
  return { marktype, text, items: items && items.map(plain) };
}

globalThis.mirageVega = {
  scene: (spec) => JSON.stringify({ scenegraph: plain(shown(JSON.parse(spec)).scenegraph().root) }),
  compiled: (spec) => JSON.stringify(vegaLite.compile(JSON.parse(spec)).spec),
  drawn: (spec) => {
    const view = shown(vegaLite.compile(JSON.parse(spec)).spec);
    const { left, right, top, bottom } = view.padding();
    const [width, height] = [view._viewWidth + left + right, view._viewHeight + top + bottom];
    const origin = [view._origin[0] + left, view._origin[1] + top];
    const renderer = new vega.SVGStringRenderer().initialize(null, width, height, origin, 1);
    return renderer.background(view.background()).render(view.scenegraph().root).svg();
  },
};
