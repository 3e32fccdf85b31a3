// Make photos small enough to send: at most 1600 px on the longer side, upright as the camera meant them.
const LONGEST_SIDE = 1600;

export async function shrink(file) {
  if (!file.type.startsWith("image/") && file.type) return file;
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file; // not one that this browser reads, HEIC say: the server has the last word
  }
  const scale = LONGEST_SIDE / Math.max(picture.width, picture.height);
  const small = scale < 1 ? await redraw(picture, scale, file) : file;
  picture.close();
  return small;
}

async function redraw(picture, scale, file) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  // What is transparent stays so, as the server lays it on a ground that shows it; a photo as PNG would be megabytes.
  return canvasToFile(canvas, file.name, isOpaque(pen) ? "image/jpeg" : "image/png");
}

function isOpaque(pen) {
  const values = pen.getImageData(0, 0, pen.canvas.width, pen.canvas.height).data; // red, green, blue, alpha, red ...
  for (let place = 3; place < values.length; place += 4) if (values[place] < 255) return false;
  return true;
}

export function canvasToFile(canvas, name, type) {
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(new File([blob], name, { type })), type, 0.9));
}
