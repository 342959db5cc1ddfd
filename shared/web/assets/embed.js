// <huying-submit key="hyp_…"> and <huying-follow key="hyp_…"> for the pages of other sites. Each shows a page of ours in
// a frame: what people fill in there is read by nobody on the site, and no style or script of either touches the other.
// Attributes: key (the site's public key), lang (zh or en), at (the code of a place, to begin with), number (to follow).

const HERE = new URL(import.meta.url).origin;
const WORDS = {
  zh: {
    submit: "提一件诉求", follow: "查询办理进度",
    refused: (origin) => `这里暂时不能显示诉求表单：网站 ${origin} 没有登记，或公钥有误。网站管理员请联系诉求平台的运维人员。`,
  },
  en: {
    submit: "Raise a demand", follow: "Follow a demand",
    refused: (origin) => `The form cannot be shown here: the site ${origin} is not listed for this key. Its administrator asks the operator of the platform.`,
  },
};

class Embedded extends HTMLElement {
  #frame = null;
  #heard = ({ source, origin, data }) => {
    if (origin !== HERE || source !== this.#frame?.contentWindow || data?.huying !== "height") return;
    this.#frame.style.height = `${Math.ceil(Number(data.height)) || 600}px`;
  };

  connectedCallback() {
    addEventListener("message", this.#heard);
    if (!this.shadowRoot) this.#show();
  }

  disconnectedCallback() {
    removeEventListener("message", this.#heard);
  }

  #address(name) {
    const address = new URL(name, `${HERE}/embed/`);
    for (const attribute of ["key", "lang", "at", "number"]) {
      const takes = { at: "submit", number: "follow" }[attribute] ?? name;
      const value = this.getAttribute(attribute);
      if (value && takes === name) address.searchParams.set(attribute, value);
    }
    return address;
  }

  async #show() {
    const words = WORDS[this.getAttribute("lang")] ?? WORDS.zh;
    const shadow = this.attachShadow({ mode: "open" });
    // What the site wrote between the tags stays where the form cannot be shown: a link to the platform, say.
    shadow.append(document.createElement("slot"));
    const check = new URL(`${HERE}/embed/check`);
    check.searchParams.set("key", this.getAttribute("key") ?? "");
    const answer = await fetch(check, { credentials: "omit" }).catch(() => null);
    if (!answer?.ok) {
      const told = document.createElement("p");
      told.setAttribute("role", "alert");
      told.textContent = words.refused(location.origin);
      return shadow.prepend(told);
    }
    this.#frame = Object.assign(document.createElement("iframe"), { src: this.#address(this.page), title: words[this.page] });
    Object.assign(this.#frame.style, { width: "100%", height: "600px", border: "0" });
    shadow.replaceChildren(this.#frame);
  }
}

customElements.define("huying-submit", class extends Embedded { page = "submit"; });
customElements.define("huying-follow", class extends Embedded { page = "follow"; });
