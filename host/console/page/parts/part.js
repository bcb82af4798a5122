// What all our elements have in common: they draw what view() describes, and draw it again when they are given
// something else.
import { patch, set } from './dom.js';

const kOfTheHost = /^(on|class$|id$|role$|aria-|style$)/;

/** Subclasses have view(), and may have begin() and end() for what lives as long as they are in the document. */
export class Part extends HTMLElement {
  /** @type {Record<string, any>} what the surroundings gave */
  given = {};

  /** Called by whoever draws the surroundings. */
  give(props, before) {
    for (const name in props) if (kOfTheHost.test(name) && props[name] !== before?.[name]) set(this, name, props[name], before?.[name]);
    this.given = props;
    if (this.isConnected && this.ready) this.draw();
  }

  connectedCallback() {
    this.ready = true;
    this.begin?.();
    this.draw();
  }

  disconnectedCallback() {
    this.ready = false;
    this.end?.();
  }

  draw() {
    if (!this.ready) return;
    patch(this, this.view());
    this.shown?.();
  }

  /** Tells the surroundings. */
  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true }));
  }
}
