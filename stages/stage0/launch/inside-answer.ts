/** The descriptor of the helper's answer socket. */
export const ANSWER_FD = 4;
