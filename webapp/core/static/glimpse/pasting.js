// Hand pasted pictures to whoever takes them on this page.
export function takePastes(onFiles) {
  const listen = (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    onFiles(files.map(named));
  };
  document.addEventListener("paste", listen);
  return () => document.removeEventListener("paste", listen);
}

let count = 0;

function named(file) {
  if (file.name && file.name !== "image.png") return file;
  count += 1;
  return new File([file], interpolate(gettext("pasted %s.png"), [count]), { type: file.type });
}
