// Passkeys. Whatever is marked data-passkey-only is of no use without this script, so it
// is hidden until the script shows it. A form with data-passkey has what the browser is
// to be asked for in data-options; the answer goes into its field "answer", and the form
// is sent as any other. Nothing else on the site needs a script.
(() => {
  "use strict";

  if (!window.PublicKeyCredential || !navigator.credentials) {
    return;
  }

  const decode = (text) => {
    const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  };

  const encode = (buffer) => {
    const bytes = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };

  const withBytes = (list) => (list || []).map((c) => ({ ...c, id: decode(c.id) }));

  const asked = (options) => ({
    ...options,
    challenge: decode(options.challenge),
    allowCredentials: withBytes(options.allowCredentials),
  });

  const wanted = (options) => ({
    ...options,
    challenge: decode(options.challenge),
    user: { ...options.user, id: decode(options.user.id) },
    excludeCredentials: withBytes(options.excludeCredentials),
  });

  const answerOf = (credential) => {
    const from = credential.response;
    const response = { clientDataJSON: encode(from.clientDataJSON) };
    if (from.attestationObject) {
      response.attestationObject = encode(from.attestationObject);
      response.transports = from.getTransports ? from.getTransports() : [];
    } else {
      response.authenticatorData = encode(from.authenticatorData);
      response.signature = encode(from.signature);
      response.userHandle = from.userHandle ? encode(from.userHandle) : undefined;
    }
    return JSON.stringify({
      id: credential.id,
      rawId: encode(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment || undefined,
      clientExtensionResults: {},
      response,
    });
  };

  const start = async (form) => {
    const failed = form.querySelector("[data-passkey-failed]");
    failed.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options);
      const credential = form.dataset.passkey === "create"
        ? await navigator.credentials.create({ publicKey: wanted(options) })
        : await navigator.credentials.get({ publicKey: asked(options) });
      form.querySelector('input[name="answer"]').value = answerOf(credential);
      form.submit();
    } catch {
      failed.hidden = false; // the person said no, waited too long, or has none here
    }
  };

  for (const element of document.querySelectorAll("[data-passkey-only]")) {
    element.hidden = false;
  }
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      start(form);
    });
    if (form.hasAttribute("data-start")) {
      start(form);
    }
  }
})();
