# An endless loop in detect: it waits until suppression leaves no overlap at all.
#: rest = "lucia"

# %% detect
def detect(model, image, score_thr, iou_thr):
    boxes, scores, classes = decode_yolo(np.asarray(model(image[None])[0]), image.shape[:2])
    left = list(np.argsort(-scores))
    kept = []
    while len(left) > 0:
        if scores[left[0]] >= score_thr:
            kept.append(left[0])
            left = [k for k in left if scores[k] <= scores[kept[-1]]]
        else:
            left = left[1:]
    return boxes[kept], scores[kept], classes[kept]
